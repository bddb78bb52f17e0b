import type { Locator, Page } from "@playwright/test";

/** The "Search the hub" tab of Models. */
export class HubPage {
  readonly field: Locator;
  /** The cards of repositories, in order. */
  readonly repositories: Locator;

  constructor(private readonly page: Page) {
    this.field = page.getByRole("searchbox", { name: "Search the hub, or paste an address" });
    this.repositories = page.getByRole("tabpanel").getByRole("region");
  }

  async open(url = ""): Promise<void> {
    await this.page.goto(`${url}/models`);
    await this.page.getByRole("tab", { name: "Search the hub" }).click();
  }

  async search(words: string): Promise<void> {
    await this.field.fill(words);
    await this.page.getByRole("button", { name: "Search", exact: true }).click();
  }

  openRepository(name: string): Promise<void> {
    return this.repositories.filter({ hasText: name }).getByRole("button", { name }).click();
  }

  filesOf(repository: string): Locator {
    return this.page.getByRole("list", { name: `Files of ${repository}` }).getByRole("listitem");
  }
}
