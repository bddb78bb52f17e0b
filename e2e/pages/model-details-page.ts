import type { Locator, Page } from "@playwright/test";

/** The page of one model of the library. */
export class ModelDetailsPage {
  readonly headerSearch: Locator;
  readonly verify: Locator;
  /** The progress of a check of the file's content. */
  readonly verification: Locator;
  /** Opens the table of the layers' costs. */
  readonly layerTable: Locator;

  constructor(private readonly page: Page) {
    this.headerSearch = page.getByRole("searchbox", { name: "Search the header" });
    this.verify = page.getByRole("button", { name: /^Verify/ });
    this.verification = page.getByRole("progressbar", { name: /^Verification of/ });
    this.layerTable = page.getByText("As a table");
  }

  async open(name: string, url = ""): Promise<void> {
    await this.page.goto(`${url}/models/details?name=${encodeURIComponent(name)}`);
  }

  heading(name: string): Locator {
    return this.page.getByRole("heading", { level: 1, name });
  }

  card(heading: string): Locator {
    return this.page.getByRole("region", { name: heading, exact: true });
  }
}
