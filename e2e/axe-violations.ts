import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/**
 * Each rule of axe that the page breaks, with the elements that break it: none is expected.
 *
 * axe describes every element that it looked at, and collects the results of all frames in a page of its own. The pages have no frames and
 * only what is wrong is read, so both are left out: the rules are the same at a quarter of the time.
 */
export const axeViolations = (page: Page): Promise<string[]> => violationsOf(page, {});

type AxeOptions = Parameters<AxeBuilder["options"]>[0];

/** The rules that read colours. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** The same in light and dark colours. In dark ones only the rules that read colours are asked. The page stays in light ones. */
export async function axeViolationsInLightAndDark(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  const dark = await violationsOf(page, { runOnly: COLOUR_RULES });
  await page.emulateMedia({ colorScheme: "light" });
  return [...dark.map(violation => `dark: ${violation}`), ...(await axeViolations(page))];
}

async function violationsOf(page: Page, options: AxeOptions): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .options({ ...options, resultTypes: ["violations"] })
    .setLegacyMode()
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}
