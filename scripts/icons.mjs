import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "@playwright/test";

/**
 * Draws the app's icons in public/icons from its mark, app/icon.svg. Run `node scripts/icons.mjs` after changing the mark.
 * It uses the browser of the tests; HEADROOM_BROWSER names another one.
 */
const TILE = "#191b1e";
/** A launcher may cut a maskable icon to a circle of 80 % of its width. The mark's corners stay inside that circle. */
const MASKABLE_MARK = 0.52;
const PLAIN_MARK = 0.64;
const icons = [
  { file: "icon-192.png", pixels: 192, mark: PLAIN_MARK, cornerRadius: 0.22 },
  { file: "icon-512.png", pixels: 512, mark: PLAIN_MARK, cornerRadius: 0.22 },
  { file: "icon-maskable-512.png", pixels: 512, mark: MASKABLE_MARK, cornerRadius: 0 },
];

const mark = readFileSync("app/icon.svg", "utf8");

function tile({ pixels, mark: share, cornerRadius }) {
  const width = pixels * share;
  const start = (pixels - width) / 2;
  const placed = mark.replace("<svg ", `<svg x="${start}" y="${start}" width="${width}" height="${width}" `);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${pixels}" height="${pixels}" style="display: block">
    <rect width="100%" height="100%" rx="${pixels * cornerRadius}" fill="${TILE}"/>${placed}</svg>`;
}

const executablePath = process.env.HEADROOM_BROWSER;
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ["--no-sandbox"] });
const page = await browser.newPage();
for (const icon of icons) {
  await page.setViewportSize({ width: icon.pixels, height: icon.pixels });
  await page.setContent(`<body style="margin: 0">${tile(icon)}`);
  writeFileSync(`public/icons/${icon.file}`, await page.screenshot({ omitBackground: true }));
}
await browser.close();
