import { availableParallelism } from "node:os";
import type { Locator, Page } from "@playwright/test";
import { DashboardPage } from "@/e2e/pages/dashboard-page";
import { median } from "@/lib/units/median";
import { launchBrowser } from "./measure/launch-browser";
import { printTable } from "./measure/print-table";
import { startServer } from "./measure/start-server";

const GOAL_MS = 250;
const RELEASES = 20;
/** No figure is expected to change after this much time without a request. */
const QUIET_MS = 1500;
/** The server's child for dry runs ends before this: the next question starts another. */
const PAUSE_MS = 12_000;
const AFTER_PAUSE = 4;
/** A short drag of a person. */
const DRAG_MS = 500;
const DRAG_STEPS = 16;
const START_LIMIT_MS = 60_000;
const GOLDEN = 0.618_033_988_75;

/** What the page itself saw of one release: the script below keeps it. */
interface PageClock {
  releasedMs: number;
  settledMs: number;
  answers: number;
  waiting: number;
}

interface Release {
  readonly what: string;
  readonly elapsedMs: number;
  readonly answers: number;
}

/**
 * The time from letting a slider go until the last of the plan's figures is painted, with a model loaded, on the software GPU. A release where
 * every figure was confirmed before asks nothing and does not count.
 */
export async function benchSettle({ json }: { readonly json: boolean }): Promise<void> {
  const server = await startServer(
    // Other measurements in a quiet moment would be taken during this one.
    { TARGET_VRAM_USAGE: 0.2, SPECULATION: "off", THREADS: availableParallelism() },
    { HEADROOM_GPU: "vulkan", GGML_VK_VISIBLE_DEVICES: process.env.GGML_VK_VISIBLE_DEVICES ?? "0" },
  );
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    await page.addInitScript(watchSurface);
    const dashboard = new DashboardPage(page);
    await dashboard.open(server.url);
    await page
      .getByText(/of \d+ layers fit/)
      .first()
      .waitFor({ timeout: START_LIMIT_MS });
    await untilQuiet(page);
    const releases = [
      ...(await measure(page, dashboard, RELEASES)),
      ...(await measure(page, dashboard, AFTER_PAUSE, PAUSE_MS)),
    ];
    if (json) console.log(JSON.stringify({ goalMs: GOAL_MS, releases }));
    else print(releases);
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function measure(page: Page, dashboard: DashboardPage, count: number, pauseMs = 0): Promise<Release[]> {
  const what = pauseMs > 0 ? `after ${pauseMs / 1000} s without a question` : "one after the other";
  const releases: Release[] = [];
  for (let index = 1; releases.length < count && index <= 3 * count; index++) {
    await page.waitForTimeout(pauseMs);
    const share = 0.05 + 0.9 * ((index * GOLDEN + (pauseMs > 0 ? 0.5 : 0)) % 1);
    const { releasedMs, settledMs, answers } = await release(page, dashboard.slider("Context size"), share);
    if (answers === 0) continue;
    // A pointer that rests before it is lifted is asked about already.
    const elapsedMs = Math.max(0, settledMs - releasedMs);
    releases.push({ what, elapsedMs, answers });
    console.error(`${what}: ${elapsedMs.toFixed(0)} ms`);
  }
  return releases;
}

/** Drags the slider to this share of its width and lets it go. */
async function release(page: Page, slider: Locator, share: number): Promise<PageClock> {
  await slider.scrollIntoViewIfNeeded();
  const box = await slider.boundingBox();
  if (box === null) throw new Error("The slider has no place on the page.");
  const y = box.y + box.height / 2;
  const start = await slider.evaluate(element => {
    if (!(element instanceof HTMLInputElement)) throw new Error("not a range input");
    return (element.valueAsNumber - Number(element.min)) / (Number(element.max) - Number(element.min));
  });
  await page.mouse.move(box.x + box.width * (0.01 + 0.98 * start), y);
  await page.mouse.down();
  const begin = box.x + box.width * (0.01 + 0.98 * start);
  for (let step = 1; step <= DRAG_STEPS; step++) {
    await page.mouse.move(begin + (box.x + box.width * share - begin) * (step / DRAG_STEPS), y);
    await page.waitForTimeout(DRAG_MS / DRAG_STEPS);
  }
  await page.mouse.up();
  return untilQuiet(page);
}

async function untilQuiet(page: Page): Promise<PageClock> {
  await page.waitForTimeout(QUIET_MS);
  for (;;) {
    const clock = await page.evaluate(() => ({ ...Reflect.get(window, "settleClock"), nowMs: performance.now() }));
    const lastMs = Math.max(clock.releasedMs, clock.settledMs);
    if (clock.waiting === 0 && clock.nowMs - lastMs >= QUIET_MS) return clock;
    await page.waitForTimeout(QUIET_MS / 10);
  }
}

/** Runs in the page: keeps when a pointer was lifted, and when the last new answer about the surface was painted. */
function watchSurface(): void {
  const clock: PageClock = { releasedMs: 0, settledMs: 0, answers: 0, waiting: 0 };
  Reflect.set(window, "settleClock", clock);
  document.addEventListener("pointerdown", () => Object.assign(clock, { settledMs: 0, answers: 0 }), { capture: true });
  document.addEventListener("pointerup", event => Object.assign(clock, { releasedMs: event.timeStamp }), {
    capture: true,
  });
  const plainFetch = window.fetch.bind(window);
  let known = "";
  window.fetch = async (...request) => {
    const address = String(request[0]);
    if (!/\/api\/surface(\?|$)/.test(address)) return plainFetch(...request);
    clock.waiting += 1;
    const over = (isNew: boolean) => {
      clock.waiting -= 1;
      if (!isNew) return;
      clock.settledMs = performance.now();
      clock.answers += 1;
    };
    const response = await plainFetch(...request).catch(error => {
      // The page gave the question up for a later one.
      over(false);
      throw error;
    });
    const readJson = response.json.bind(response);
    response.json = async () => {
      const value = await readJson();
      const surface = JSON.stringify(value.surface);
      const isNew = surface !== known;
      known = surface;
      requestAnimationFrame(() => setTimeout(() => over(isNew)));
      return value;
    };
    return response;
  };
}

function print(releases: readonly Release[]): void {
  const rows = [...new Set(releases.map(({ what }) => what))].map(what =>
    rowOf(
      what,
      releases.filter(release => release.what === what),
    ),
  );
  printTable(
    ["from release to the last figure", `within ${GOAL_MS} ms`, "best", "median", "worst", "new answers"],
    [...rows, rowOf("together", releases)],
  );
}

function rowOf(name: string, releases: readonly Release[]): string[] {
  const times = releases.map(({ elapsedMs }) => elapsedMs);
  const answers = releases.map(release => release.answers);
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  return [
    name,
    `${times.filter(time => time <= GOAL_MS).length} of ${releases.length}`,
    ms(Math.min(...times)),
    ms(median(times) ?? 0),
    ms(Math.max(...times)),
    `${Math.min(...answers)} to ${Math.max(...answers)}`,
  ];
}
