import type { Page } from "@playwright/test";
import { axeViolations } from "./axe-violations";
import { expect, test } from "./fixtures";

/** Takes a picture of the page on a dark phone and on a light desktop, and expects it to fit and to break no rule of axe. */
export async function judgeOnPhoneAndDesktop(page: Page, picture: string, fullPage = false): Promise<void> {
  for (const [width, colorScheme] of [
    [360, "dark"],
    [1440, "light"],
  ] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await axeViolations(page)).toEqual([]);
    await page.screenshot({ path: test.info().outputPath(`${picture}-${width}-${colorScheme}.png`), fullPage });
  }
}
