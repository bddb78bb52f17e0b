import type { Locator, Page } from "@playwright/test";

/** Models, Engines: the servers that may answer in place of the built-in engine. */
export class EnginesPage {
  readonly form: Locator;
  readonly found: Locator;
  readonly list: Locator;
  readonly llamaServer: Locator;

  constructor(private readonly page: Page) {
    this.form = page.getByRole("form", { name: "Add an engine" });
    this.found = this.form.getByRole("status");
    this.list = page.getByRole("list", { name: "Engines", exact: true });
    this.llamaServer = page.getByRole("region", { name: "llama-server" });
  }

  async open(url: string): Promise<void> {
    await this.page.goto(`${url}/models`);
    await this.page.getByRole("tab", { name: "Engines" }).click();
  }

  async fill(fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, text] of Object.entries(fields)) await this.form.getByLabel(label).fill(text);
  }

  async press(button: "Test" | "Add engine"): Promise<void> {
    await this.form.getByRole("button", { name: button }).click();
  }

  async use(model: string, engine: string): Promise<void> {
    await this.list.getByRole("button", { name: `Use ${model} of ${engine}` }).click();
  }
}
