import type { Page } from "@playwright/test";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";
import { StandInNvidiaSmi, smiLine } from "./stand-in-nvidia-smi";

/** Others use half of it. A card is the engine's if its name and memory match exactly: the software GPU has 2 GiB. */
const cardNamed = (name: string): string => smiLine({ name, totalMib: 2048, usedMib: 1024 });

/** llama.cpp's name of the software GPU ("llvmpipe (LLVM 15.0.6, 256 bits)"), which depends on Mesa's version. */
async function softwareGpuName(url: string): Promise<string> {
  const nameOf = async (): Promise<string> => {
    const { engine } = await (await fetch(`${url}/api/engine`)).json();
    return engine.info?.devices[0] ?? "";
  };
  await expect.poll(nameOf, { timeout: 60_000 }).not.toBe("");
  return nameOf();
}

/** The times of the next readings that this tab receives. */
const readingTimes = (page: Page, count: number): Promise<number[]> =>
  page.evaluate(
    most =>
      new Promise<number[]>(resolve => {
        const times: number[] = [];
        const source = new EventSource("/api/events");
        source.addEventListener("telemetry", ({ data }) => {
          times.push(JSON.parse(data).telemetry.atMs);
          if (times.length < most) return;
          source.close();
          resolve(times);
        });
      }),
    count,
  );

/** Imitates another tab coming to the front: headless tabs are all in front. */
const setHidden = (page: Page, isHidden: boolean): Promise<void> =>
  page.evaluate(hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);

/** One program reports the card, and one reports the programs on it. */
const PROGRAMS = 2;
/** A timer may fire slightly early by the wall clock. A second sampler would send readings in between. */
const FEWEST_MS_BETWEEN_READINGS = 900;

test.describe("with a stand-in nvidia-smi", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");
  test.setTimeout(150_000);

  let recovering: StandInNvidiaSmi;
  test.beforeAll(() => {
    recovering = new StandInNvidiaSmi([cardNamed("not read yet")]);
  });
  test.afterAll(() => recovering.remove());

  for (const fault of ["garbage", "gone", "hangs"] as const)
    test(`a card half used by others is shown as that; when nvidia-smi ${fault === "gone" ? "loses the card" : `turns to ${fault}`}, the page stops saying so, and recovers`, async ({
      page,
      sharedServer,
    }) => {
      const smi = recovering;
      const server = await sharedServer({ ...softwareGpuEnv, ...smi.env });
      smi.show([cardNamed(await softwareGpuName(server.url))]);
      const dashboard = new DashboardPage(page);
      await dashboard.open(server.url);
      const now = dashboard.measuredGauge;
      await expect(now).toHaveAttribute("aria-valuetext", /of 2\.00 GiB: others (?:1\.00|0\.\d\d) GiB/, {
        timeout: 60_000,
      });
      await expect(page.getByText("41 °C")).toBeVisible();
      await expect(page.getByText("blender")).toBeVisible();

      smi.behave(fault);
      // Either another source is used (the engine's own counter, which sees no others), or the reading is marked as old.
      await expect
        .poll(async () => /: others/.test((await now.getAttribute("aria-valuetext").catch(() => "")) ?? ""), {
          timeout: 30_000,
        })
        .toBe(false);
      await expect(page.getByText("41 °C")).toBeHidden();

      smi.behave("reads");
      await expect(now).toHaveAttribute("aria-valuetext", /of 2\.00 GiB: others/, { timeout: 60_000 });
    });

  test("two tabs share one sampler at 1 Hz, and it ends when both are hidden or closed", async ({
    page,
    context,
    ownServer,
  }) => {
    const smi = new StandInNvidiaSmi([cardNamed("not read yet")]);
    const { url } = await ownServer({ ...softwareGpuEnv, ...smi.env });
    smi.show([cardNamed(await softwareGpuName(url))]);
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await new DashboardPage(tab).open(url);
      await expect(tab.getByText("41 °C")).toBeVisible({ timeout: 60_000 });
    }
    const { started } = smi.processes();
    const times = await Promise.all([readingTimes(page, 4), readingTimes(other, 4)]);
    const told = [...new Set(times.flat())].sort((a, b) => a - b);
    const gaps = told.slice(1).map((time, index) => time - (told[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(FEWEST_MS_BETWEEN_READINGS);
    expect(smi.processes().started).toEqual(started);
    expect(smi.processes().running).toHaveLength(PROGRAMS);

    const running = () => smi.processes().running.length;
    const ended = () => expect.poll(running, { timeout: 30_000 }).toBe(0);
    await setHidden(other, true);
    await readingTimes(page, 3);
    expect(smi.processes().started).toEqual(started);
    expect(running()).toBe(PROGRAMS);
    await page.close();
    await ended();
    await setHidden(other, false);
    await expect.poll(running, { timeout: 30_000 }).toBe(PROGRAMS);
    await other.close();
    await ended();
    expect(smi.processes().started).toHaveLength(started.length + PROGRAMS);
    smi.remove();
  });
});
