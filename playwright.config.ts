import { defineConfig } from "@playwright/test";

/** HEADROOM_BROWSER is set by scripts/test.mjs: a system Chromium, or empty for Playwright's own. */
const executablePath = process.env.HEADROOM_BROWSER;

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
      ],
    },
  },
});
