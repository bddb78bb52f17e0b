import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/**
 * Each rule of axe that the page breaks, with the elements that break it: none is expected.
 *
 * axe describes every element that it looked at, and collects the results of all frames in a page of its own. The pages have no frames and
 * only what is wrong is read, so both are left out: the rules are the same at a quarter of the time.
 */
export async function axeViolations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .options({ resultTypes: ["violations"] })
    .setLegacyMode()
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}
