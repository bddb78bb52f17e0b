import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

test.describe("on a card whose memory llama.cpp can be asked about", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");
  test.setTimeout(120_000);

  test("nothing is asked while the context moves; at rest the shown plan and one layer more are confirmed, once", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer(softwareGpuEnv);
    const dashboard = new DashboardPage(page);
    const asked: { settings: { N_CTX: number; TARGET_VRAM_USAGE: number } }[] = [];
    page.on("request", request => {
      if (request.method() === "POST" && request.url().endsWith("/api/surface")) asked.push(request.postDataJSON());
    });
    const confirmed = async () => {
      const { surface } = await (await page.request.get(`${url}/api/surface`)).json();
      return (surface.confirmed ?? []).filter((point: { contextTokens: number }) => point.contextTokens === 5120);
    };
    await dashboard.open(url);
    await expect(dashboard.sentence).toContainText("layers", { timeout: 60_000 });
    await dashboard.type("Target VRAM usage", "20");
    await expect(dashboard.sentence).toContainText(/\d+ of 31 layers fit/);
    const hasSettled = async () => {
      const before = asked.length;
      await page.waitForTimeout(1000);
      return asked.length === before;
    };
    // The page asks for one plan at a time, and the first answer waits for the engine.
    await expect.poll(() => asked.at(-1)?.settings.TARGET_VRAM_USAGE, { timeout: 60_000 }).toBe(0.2);
    // Where the computer stands still for 250 ms in the middle of a sweep, the slider did rest: then it is moved once more.
    await expect(async () => {
      await expect.poll(hasSettled, { timeout: 60_000 }).toBe(true);
      const before = asked.length;
      await dashboard.sweep("Context size");
      expect(asked.length).toBe(before);
    }).toPass({ timeout: 120_000 });

    await dashboard.type("Context size", "5000");
    await expect.poll(() => asked.at(-1)?.settings.N_CTX).toBe(5000);
    await expect.poll(hasSettled).toBe(true);
    const body = { N_CTX: 5000, TARGET_VRAM_USAGE: 0.2 };
    const { plan } = await (await page.request.post(`${url}/api/plan`, { data: body })).json();
    const points: { gpuLayers: number; gpuBytes: number }[] = await confirmed();
    const layers = points.map(({ gpuLayers }) => gpuLayers);
    expect(layers).toEqual(expect.arrayContaining([plan.gpuLayers, plan.gpuLayers + 1]));
    expect(points.find(({ gpuLayers }) => gpuLayers === plan.gpuLayers)?.gpuBytes).toBe(plan.predicted.computeBytes);
    // The server plans again by itself after each dry run.
    expect(asked.filter(({ settings }) => settings.N_CTX === 5000)).toHaveLength(1);

    // Any other change is asked about after a rest, and a slider that is let go without it.
    await page.evaluate(() => {
      const start = window.setTimeout.bind(window);
      Reflect.set(window, "setTimeout", (run: TimerHandler, ms?: number) => start(run, ms === 250 ? 1e9 : ms));
    });
    const settled = asked.length;
    await dashboard.slider("Context size").press("ArrowRight");
    await expect.poll(() => asked.length).toBeGreaterThan(settled);
  });
});
