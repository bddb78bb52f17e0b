import { existsSync } from "node:fs";
import { type Browser, chromium } from "@playwright/test";

const BROWSERS = [
  process.env.HEADROOM_BROWSER,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** A browser of this computer, or Playwright's own. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = BROWSERS.find(path => path && existsSync(path));
  return chromium.launch({ args: ["--no-sandbox"], ...(executablePath && { executablePath }) });
}
