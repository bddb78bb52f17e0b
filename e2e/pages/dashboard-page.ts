import type { Locator, Page } from "@playwright/test";

/** The dashboard: its contents, and a person's actions there. */
export class DashboardPage {
  readonly sentence: Locator;
  readonly gauge: Locator;
  readonly ramGauge: Locator;
  readonly measuredGauge: Locator;
  readonly layers: Locator;
  readonly chart: Locator;
  readonly apply: Locator;
  readonly reset: Locator;
  readonly undo: Locator;

  constructor(readonly page: Page) {
    this.sentence = page.getByRole("region", { name: "Why this many layers" }).getByRole("heading", { level: 2 });
    this.gauge = page.getByRole("meter", { name: "GPU memory, plan" });
    this.ramGauge = page.getByRole("meter", { name: "System memory, plan" });
    this.measuredGauge = page.getByRole("meter", { name: "GPU memory, now" });
    this.layers = page.getByRole("listbox", { name: /^Layers/ });
    this.chart = page.getByRole("slider", { name: /^Read the chart/ });
    this.apply = page.getByRole("button", { name: /^Apply/ });
    this.reset = page.getByRole("button", { name: "Reset" });
    this.undo = page.getByRole("button", { name: "Undo" });
  }

  async open(serverUrl = ""): Promise<void> {
    await this.page.goto(`${serverUrl}/dashboard`);
    await this.sentence.waitFor();
  }

  /** Opens it and plans for a card with this much memory that nobody else uses. */
  async openForCard(totalMib: number): Promise<void> {
    await this.open();
    await this.choose("Card to plan for", "Another card");
    await this.type("Memory of the card, MiB", String(totalMib));
    await this.type("Used by others, MiB", "0");
  }

  slider(label: string): Locator {
    return this.page.getByRole("slider", { name: label, exact: true });
  }

  field(label: string): Locator {
    return this.page.getByRole("textbox", { name: label });
  }

  /** Types a value into the field beside a slider and commits it. */
  async type(label: string, text: string): Promise<void> {
    await this.field(label).fill(text);
    await this.field(label).press("Enter");
  }

  choose(group: string, option: string): Promise<void> {
    return this.page.getByRole("radiogroup", { name: group }).getByRole("radio", { name: option }).click();
  }

  openTab(name: string): Promise<void> {
    return this.page.getByRole("tab", { name }).click();
  }

  /** The header's words about the engine, as one text. */
  get engineStatus(): Locator {
    return this.page.getByRole("banner");
  }

  /** Moves a slider over its whole range and back, one step a frame, as a drag does. */
  sweep(label: string): Promise<void> {
    return this.slider(label).evaluate(async element => {
      if (!(element instanceof HTMLInputElement)) throw new Error("not a range input");
      const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
      const last = Number(element.max);
      const forth = Array.from({ length: last + 1 }, (_, index) => index);
      for (const position of [...forth, ...forth.toReversed()]) {
        write?.call(element, String(position));
        element.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise(requestAnimationFrame);
      }
    });
  }
}
