import { defineConfig } from "@playwright/test";

/** HEADROOM_BROWSER is set by scripts/test.mjs: a system Chromium, or empty for Playwright's own. */
const executablePath = process.env.HEADROOM_BROWSER;

/** Chromium takes only the last list of features: these are the ones that Playwright turns off. */
const OFF_IN_PLAYWRIGHT = [
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "TcpPortRandomizationWin",
  "OptimizationHints",
  "NetworkTimeServiceQuerying",
  "AimEnabled",
  "PreconnectToSearch",
];
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
        `--disable-features=${[...OFF_IN_PLAYWRIGHT, ...OFF_TO_SAVE_TIME].join(",")}`,
      ],
    },
  },
});
