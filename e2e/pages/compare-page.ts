import { expect, type Locator, type Page } from "@playwright/test";

/** Time for the bundled model to load and to answer in a few words, on a busy machine. */
const ANSWER_LIMIT_MS = 120_000;

/** Models side by side, as a person sees them. */
export class ComparePage {
  readonly question: Locator;
  readonly askAll: Locator;
  readonly stop: Locator;
  readonly columns: Locator;
  /** What goes on, or the result. */
  readonly status: Locator;

  constructor(private readonly page: Page) {
    this.question = page.getByRole("textbox", { name: "Question for all" });
    this.askAll = page.getByRole("button", { name: "Ask all" });
    this.stop = page.getByRole("button", { name: "Stop", exact: true });
    this.columns = page.getByRole("tabpanel").getByRole("listitem", { name: /^Model \d: / });
    this.status = page.locator("form").getByRole("status");
  }

  async open(models: readonly string[], serverUrl = ""): Promise<void> {
    const query = new URLSearchParams([["tab", "compare"], ...models.map(model => ["model", model])]);
    await this.page.goto(`${serverUrl}/models?${query}`);
    await expect(this.question).toBeVisible();
  }

  column(model: string): Locator {
    return this.page.getByRole("listitem", { name: new RegExp(`^Model \\d: ${model}$`) });
  }

  answer(model: string): Locator {
    return this.page.getByRole("region", { name: `Answer of ${model}` });
  }

  async ask(text: string, longestTokens: number): Promise<void> {
    await this.question.fill(text);
    const longest = this.page.getByRole("textbox", { name: "Longest answer, tokens" });
    await longest.fill(String(longestTokens));
    await longest.press("Tab");
    await this.askAll.click();
    // Before that, the comparison seems to be finished.
    await expect(this.stop).toBeVisible();
  }

  /** Waits until what was loaded before is back. */
  async finished(): Promise<void> {
    await expect(this.askAll).toBeVisible({ timeout: ANSWER_LIMIT_MS });
  }
}
