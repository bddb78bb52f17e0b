import type { Locator, Page } from "@playwright/test";

/** The Models screen: its library, and the ways to add to it. */
export class ModelsPage {
  readonly dialog: Locator;
  /** The field of "Add a model". */
  readonly field: Locator;
  /** The field of "Rename". */
  readonly newName: Locator;
  /** Names of the models in the library, in order. */
  readonly names: Locator;

  constructor(private readonly page: Page) {
    this.newName = page.getByRole("dialog").getByLabel("File name");
    this.names = page.getByRole("tabpanel").getByRole("listitem").getByRole("heading", { level: 2 });
    this.dialog = page.getByRole("dialog");
    this.field = this.dialog.getByLabel("Path, link or repository");
  }

  async open(url = ""): Promise<void> {
    await this.page.goto(`${url}/models`);
  }

  /** The row of a model in the library. */
  row(name: string): Locator {
    return this.page
      .getByRole("tabpanel")
      .getByRole("listitem")
      .filter({ has: this.page.getByRole("heading", { name }) });
  }

  async add(text: string): Promise<void> {
    await this.page.getByRole("button", { name: "Add a model" }).click();
    await this.addAnother(text);
  }

  async addAnother(text: string): Promise<void> {
    await this.field.fill(text);
    await this.dialog.getByRole("button", { name: "Add", exact: true }).click();
  }

  async lookInPrograms(): Promise<Locator> {
    await this.page.getByRole("button", { name: "From other programs" }).click();
    return this.dialog;
  }

  /** Drops a file on the page. `zeros` more bytes follow its start. */
  async drop(name: string, start: Uint8Array, zeros = 0): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ({ fileName, base64, more }) => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
        data.items.add(new File([bytes, new Uint8Array(more)], fileName));
        return data;
      },
      { fileName: name, base64: Buffer.from(start).toString("base64"), more: zeros },
    );
    for (const type of ["dragover", "drop"]) await this.page.dispatchEvent("body", type, { dataTransfer: transfer });
  }

  async menu(name: string, entry: string): Promise<void> {
    await this.page.getByRole("button", { name: `More for ${name}` }).click();
    await this.page.getByRole("menuitem", { name: entry }).click();
  }

  async choose(label: "Show" | "Sort", option: string): Promise<void> {
    await this.page.getByRole("combobox", { name: label, exact: true }).selectOption({ label: option });
  }

  async search(words: string): Promise<void> {
    await this.page.getByRole("searchbox", { name: "Search models" }).fill(words);
  }

  async rename(name: string, fileName: string): Promise<void> {
    await this.menu(name, "Rename");
    await this.newName.fill(fileName);
    await this.newName.press("Enter");
  }
}
