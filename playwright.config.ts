import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { defineConfig } from "@playwright/test";

/** HEADROOM_BROWSER is set by scripts/test.mjs: a system Chromium, or empty for Playwright's own. */
const executablePath = process.env.HEADROOM_BROWSER;

/** Chromium takes only the last list of features, so ours begins with what Playwright turns off: read in its own code, because it tells nobody. */
function offInPlaywright(): string[] {
  const code = readFileSync(createRequire(import.meta.url).resolve("playwright-core/lib/coreBundle"), "utf8");
  const list = /\bdisabledFeatures = \[([^\]]*)\]/.exec(code)?.[1];
  if (list === undefined)
    throw new Error("Playwright's code has no disabledFeatures any more: see playwright.config.ts.");
  return [...list.matchAll(/^\s*"(\w+)"/gm)].map(([, name]) => name ?? "");
}

/**
 * The list below the address bar is a page of its own in each window, in a process of its own, though nobody sees it here; another
 * process waits for a page that does not come. Without them a test takes 0.7 s less of a core.
 */
const OFF_TO_SAVE_TIME = [
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
  "WebUIOmniboxFullPopup",
  "SpareRendererForSitePerProcess",
];

export default defineConfig({
  testDir: "e2e",
  globalSetup: "./scripts/own-temp-folder.ts",
  // `npm run pictures` takes README's pictures with the tests' own servers and page classes.
  ...(process.env.HEADROOM_PICTURES ? { testMatch: "take-pictures.spec.ts" } : { testIgnore: "take-pictures.spec.ts" }),
  // Each worker starts a server with the real model: one at a time on a small machine.
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  // A second try tells a slow moment of the machine from a fault; the run names every test that needed one.
  retries: process.env.CI ? 1 : 0,
  forbidOnly: Boolean(process.env.CI),
  outputDir: "test-results",
  reporter: [["list"], ["json", { outputFile: "test-results/e2e.json" }]],
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    // The page stays and is emptied: a new one for each test takes an eighth more of a core.
    reuseContext: true,
    trace: "retain-on-failure",
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      // Nothing of the browser's own may ask the network: the specs assert that only loopback is spoken to.
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        `--disable-features=${[...offInPlaywright(), ...OFF_TO_SAVE_TIME].join(",")}`,
      ],
    },
  },
});
