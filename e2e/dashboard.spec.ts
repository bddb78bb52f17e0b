import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import { axeViolationsInLightAndDark } from "./axe-violations";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { longestTaskMs } from "./main-thread-trace";
import { DashboardPage } from "./pages/dashboard-page";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Everything that the page requests from any server after this call. */
function requestsOf(page: Page): string[] {
  const urls: string[] = [];
  // Menus, toasts and the palette load their own code once the page is there. These requests are ignored.
  page.on("request", request => {
    if (!request.url().includes("/_next/static/")) urls.push(request.url());
  });
  return urls;
}

test.describe("without a GPU", () => {
  test("it opens on this computer, in words about it; another card is one press away, is said to be one, and stays", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer();
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    const { memory } = await (await page.request.get(`${url}/api/diagnostics`)).json();
    const totalGib = (memory.totalBytes / GIB).toFixed(2);
    // A range, because nothing was measured yet. llama.cpp's log: 99.7 MiB of weights, 90 MiB of KV cache, about 100 MiB of compute buffer.
    await expect(dashboard.sentence).toHaveText(
      new RegExp(
        `^Runs on the CPU: [23]\\d\\d MiB of ${totalGib} GiB of memory\\. ` +
          "No measurement yet on this computer: [\\d.]+ to [\\d.]+ tokens/s, prompts [\\d,]+ to [\\d,]+\\.$",
      ),
    );
    await expect(dashboard.ramGauge).toHaveAttribute("aria-valuemax", String(memory.totalBytes));
    await expect(page.getByText("dry run")).toHaveCount(0);
    await expect(page.getByText("The GPU is switched off by HEADROOM_GPU=off.")).toBeVisible();

    await page.getByRole("button", { name: "Plan for another card" }).click();
    await expect(page.getByText("not on this computer:")).toBeVisible();
    await expect(page.getByText("dry run")).toHaveCount(1);
    await dashboard.type("Memory of the card, MiB", "512");
    await dashboard.type("Used by others, MiB", "0");
    await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(512 * MIB));
    await expect(dashboard.engineStatus).toContainText("CPU");
    await page.reload();
    await expect(dashboard.field("Memory of the card, MiB")).toHaveValue("512");
  });

  test("after an answer the sentence says how fast this computer is", async ({ page, sharedServer }) => {
    const { url } = await sharedServer();
    const body = { messages: [{ role: "user", content: "Write about rain." }], max_tokens: 48 };
    expect((await page.request.post(`${url}/v1/chat/completions`, { data: body })).ok()).toBe(true);
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await expect(dashboard.sentence).toHaveText(/ GiB of memory, about [\d.]+ tokens\/s\.$/);
  });

  test("slider values are spoken with their units", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.openForCard(8192);
    await expect(dashboard.slider("Target VRAM usage")).toHaveAttribute("aria-valuetext", "80 %");
    await expect(dashboard.slider("Context size")).toHaveAttribute("aria-valuetext", "4,096 tokens");
    await expect(dashboard.slider("GPU layers")).toHaveAttribute("aria-valuetext", /^Auto, now \d+ layers$/);
    await dashboard.type("Used by others, MiB", "800");
    await expect(dashboard.gauge).toHaveAttribute("aria-valuetext", /GiB of 8.00 GiB: others 0.78 GiB, weights/);
  });

  test("one step of the context slider changes sentence, gauge, map and chart in the same frame", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.openForCard(1024);
    const views = [dashboard.sentence, dashboard.gauge, dashboard.layers, dashboard.chart];
    const drawn = () => Promise.all(views.map(view => view.evaluate(element => element.outerHTML)));
    const before = await drawn();
    await dashboard.slider("Context size").evaluate(element => {
      if (!(element instanceof HTMLInputElement)) throw new Error("not a range input");
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(element, element.max);
      element.dispatchEvent(new Event("input", { bubbles: true }));
    });
    // No waiting in between: React has drawn all of them before the event handler's task ends.
    const after = await drawn();
    for (const [index, html] of after.entries()) expect(html).not.toBe(before[index]);
  });

  test("the context slider over its whole range asks the server nothing and never blocks for 50 ms", async ({
    page,
  }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await expect(dashboard.engineStatus).toContainText("ready");
    await dashboard.sweep("Context size");
    const requests = requestsOf(page);
    const longestMs = await longestTaskMs(page, () => dashboard.sweep("Context size"));
    expect(requests).toEqual([]);
    expect(longestMs).toBeLessThan(50);
  });

  test("the numbers are those of `npm run plan --json`, over twenty settings", async ({ page, server }) => {
    const run = promisify(execFile);
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.choose("Card to plan for", "Another card");
    const kvTypes = ["f16", "q8_0", "q4_0"];
    const cases = Array.from({ length: 20 }, (_, index) => ({
      context: [512, 1024, 3000, 4096, 8192][index % 5] ?? 4096,
      kv: kvTypes[index % 3] ?? "f16",
      target: [0.5, 0.8, 0.95][index % 3] ?? 0.8,
      totalMib: [600, 700, 800, 1024][index % 4] ?? 1024,
      usedMib: index * 7,
    }));
    for (const { context, kv, target, totalMib, usedMib } of cases) {
      const options = {
        "--context": context,
        "--kv": kv,
        "--target": target,
        "--gpu-total-mib": totalMib,
        "--gpu-used-mib": usedMib,
      };
      const args = [
        "dist/plan.mjs",
        ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
        "--json",
      ];
      const env = { ...process.env, HEADROOM_HOME: server.home, HEADROOM_GPU: "off" };
      const { plan } = JSON.parse((await run(process.execPath, args, { env })).stdout);
      await dashboard.type("Memory of the card, MiB", String(totalMib));
      await dashboard.type("Used by others, MiB", String(usedMib));
      await dashboard.type("Target VRAM usage, %", String(target * 100));
      await dashboard.type("Context size, tokens", String(context));
      await dashboard.choose("KV cache", kv);
      const name = `Layers: ${plan.gpuLayers} of ${plan.totalLayers} on the GPU`;
      await expect(dashboard.layers, JSON.stringify(options)).toHaveAccessibleName(name);
      await expect(dashboard.gauge, JSON.stringify(options)).toHaveAttribute(
        "aria-valuenow",
        String(Math.min(totalMib * MIB, usedMib * MIB + plan.predicted.totalBytes)),
      );
    }
  });

  test("apply says what it costs, does it, and can be taken back", async ({ page, server }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await expect(dashboard.engineStatus).toContainText("ready");
    const saved = async () => (await (await fetch(`${server.url}/api/settings`)).json()).settings;
    await dashboard.type("Context size, tokens", "2k");
    await expect(page.getByText("Context size 4,096 tokens → 2,048 tokens")).toBeVisible();
    await expect(dashboard.apply).toHaveText("Apply: new context, no reload");
    expect((await saved()).N_CTX).toBe(4096);
    await dashboard.apply.click();
    await expect(page.getByText("Applied with a new context")).toBeVisible();
    await expect(dashboard.apply).toBeHidden();
    expect((await saved()).N_CTX).toBe(2048);
    await dashboard.undo.click();
    await expect(dashboard.field("Context size, tokens")).toHaveValue("4,096");
    expect((await saved()).N_CTX).toBe(4096);
  });

  test("reset puts everything back without asking the server", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.type("Context size, tokens", "8192");
    const requests = requestsOf(page);
    await dashboard.reset.click();
    await expect(dashboard.field("Context size, tokens")).toHaveValue("4,096");
    await expect(dashboard.apply).toBeHidden();
    expect(requests).toEqual([]);
  });

  test("what is tried stands among the chips, shows what will be different, and is taken back there", async ({
    page,
  }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.openForCard(900);
    const offered = page.getByRole("list", { name: "What would bring more onto the GPU" });
    await offered.getByRole("button", { name: /^q4_0 KV cache/ }).click();
    const tried = offered.getByRole("button", { name: /^q4_0 KV cache.*tried/ });
    await expect(tried).toHaveAttribute("aria-pressed", "true");
    await expect(page.getByText(/^System memory\d+ MiB → \d+ MiB$/)).toBeVisible();
    await tried.click();
    await expect(dashboard.apply).toBeHidden();
  });

  test("the largest context with all layers on the GPU is named for a KV type, and can be pressed", async ({
    page,
  }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.openForCard(900);
    const stop = page
      .getByRole("listitem")
      .filter({ hasText: /^q8_0/ })
      .getByRole("button", { name: /^all layers/ });
    const tokens = /([\d,]+) tokens/.exec((await stop.textContent()) ?? "")?.[1];
    await stop.click();
    await expect(dashboard.field("Context size, tokens")).toHaveValue(String(tokens));
    await expect(dashboard.layers).toHaveAccessibleName("Layers: 31 of 31 on the GPU");
  });

  test("a setting can be the chosen model's alone, is shown as that, and can be dropped", async ({ page, server }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.type("Context size, tokens", "1024");
    await page.getByRole("switch", { name: "Only for this model" }).click();
    await dashboard.apply.click();
    await expect(page.getByText("Only this model:")).toBeVisible();
    await expect(page.getByRole("listitem").filter({ hasText: "Context size 1,024 tokens" })).toBeVisible();
    await page.getByRole("button", { name: "Drop" }).click();
    await expect(dashboard.field("Context size, tokens")).toHaveValue("4,096");
    const { overrides } = await (await fetch(`${server.url}/api/settings`)).json();
    expect(overrides).toEqual({});
  });

  test("map and chart can be read, and the context set, with the keyboard alone", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.layers.focus();
    await page.keyboard.press("End");
    await expect(page.getByRole("option", { name: /^Output layer/ })).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("ArrowLeft");
    await expect(page.getByRole("option", { name: /^Layer 29/ })).toHaveAttribute("aria-selected", "true");
    await dashboard.chart.focus();
    await page.keyboard.press("Home");
    await expect(dashboard.chart).toHaveAttribute("aria-valuetext", /^1,024 tokens, all 31 layers: f16 \d/);
    await page.keyboard.press("Enter");
    await expect(dashboard.field("Context size, tokens")).toHaveValue("1,024");
  });

  test("no accessibility violations, light or dark", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await page.getByText("Sampling").click();
    await dashboard.type("Context size, tokens", "8192");
    for (const tab of ["Receipts", "Simple formula", "Benchmark", "Diagnostics"]) {
      await dashboard.openTab(tab);
      expect(await axeViolationsInLightAndDark(page), tab).toEqual([]);
    }
    await page.goto("/models");
    await page.getByText("In use").waitFor();
    expect(await axeViolationsInLightAndDark(page), "models").toEqual([]);
  });

  test("a phone shows everything without scrolling sideways", async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBe(360);
    await dashboard.openTab("Benchmark");
    expect(await width()).toBe(360);
    await page.goto("/models");
    await page.getByText("In use").waitFor();
    expect(await width()).toBe(360);
  });

  test("on a phone Apply is in sight wherever something was changed", async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.type("Context size, tokens", "2048");
    await dashboard.sentence.scrollIntoViewIfNeeded();
    await expect(dashboard.apply).toBeInViewport({ ratio: 1 });
    await expect(dashboard.reset).toBeInViewport({ ratio: 1 });
  });

  test("the theme that was chosen is there from the first byte of the next page", async ({ page }) => {
    await page.goto("/models");
    await page.getByRole("button", { name: "Theme" }).click();
    await page.getByRole("menuitemradio", { name: "Dark" }).click();
    const html = await (await page.request.get("/models")).text();
    expect(html).toMatch(/<html[^>]*data-theme="dark"/);
  });
});

test.describe("on a GPU", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");

  test("a lower target places fewer layers, and the receipt shows that they took what was predicted", async ({
    page,
    ownServer,
  }) => {
    const server = await ownServer(softwareGpuEnv);
    const dashboard = new DashboardPage(page);
    await dashboard.open(server.url);
    await expect(dashboard.engineStatus).toContainText("31 of 31 layers on GPU", { timeout: 60_000 });
    await dashboard.type("Target VRAM usage, %", "24");
    await expect(dashboard.apply).toHaveText(/^Apply: reloads in about \d/);
    await dashboard.apply.click();
    await expect(page.getByText("Applied; the model was reloaded")).toBeVisible({ timeout: 60_000 });
    await expect(dashboard.engineStatus).not.toContainText("31 of 31");
    await expect(dashboard.engineStatus).toContainText(/\d of 31 layers on GPU/);
    const newest = page.getByRole("table", { name: "Past loads" }).getByRole("row").nth(1);
    await expect(newest).toContainText(/ of 31/);
    await expect(newest).toContainText(/MiB0\.\d MiB/);
    await expect(dashboard.measuredGauge).toHaveAttribute("aria-valuetext", /weights \d/);
  });
});
