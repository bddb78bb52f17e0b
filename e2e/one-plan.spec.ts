import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { axeViolations } from "./axe-violations";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

/** The bundled model, and Mistral 7B's shape: its real header before sparse zeros. */
let models: string;
test.beforeAll(() => {
  models = mkdtempSync(join(tmpdir(), "headroom-one-plan-"));
  symlinkSync(join(process.cwd(), "models", DEFAULT_MODEL), join(models, DEFAULT_MODEL));
  const { header, fileBytes } = shapeFile(modelShape("mistral-7b-v0.1"));
  writeFileSync(join(models, "mistral.gguf"), header);
  truncateSync(join(models, "mistral.gguf"), fileBytes);
});
test.afterAll(() => rmSync(models, { recursive: true, force: true }));

const row = (page: Page, name: string) =>
  page.getByRole("listitem").filter({ has: page.getByRole("heading", { name }) });

/** Compares the dashboard with the receipt, Models, API and chat: layers, and their memory on the card. */
async function saySame(page: Page, layers: string): Promise<void> {
  const dashboard = new DashboardPage(page);
  await expect(dashboard.layers).toHaveAccessibleName(`Layers: ${layers} of 31 on the GPU`);
  const newest = page.getByRole("table", { name: "Past loads" }).getByRole("row").nth(1);
  await expect(newest).toContainText(`${layers} of 31 layers`);
  const aside = await page.getByText(/^GPU \d+ MiB · system memory/).textContent();
  const memory = /GPU (\d+ MiB)/.exec(aside ?? "")?.[1];
  const predicted = Number.parseFloat((await newest.getByRole("cell").first().textContent()) ?? "");
  expect(`${Math.round(predicted)} MiB`).toBe(memory);
  await page.getByRole("link", { name: "Models" }).click();
  const words = layers === "31" ? "all 31" : `${layers} of 31`;
  await expect(row(page, DEFAULT_MODEL).getByText(/layers on GPU/)).toHaveText(`${words} layers on GPU · ${memory}`);
  const { plan } = await (await page.request.get(new URL("/api/plan", page.url()).href)).json();
  expect([plan.gpuLayers, `${Math.round(plan.predicted.totalBytes / 2 ** 20)} MiB`]).toEqual([Number(layers), memory]);
  await page.getByRole("link", { name: "Chat", exact: true }).click();
  await expect(page.getByRole("main").getByText(`${layers} of 31 layers on GPU`)).toBeVisible();
  await page.getByRole("link", { name: "Dashboard" }).click();
  await dashboard.sentence.waitFor();
}

test.describe("one number everywhere", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");

  test("Models, header, dashboard and receipt say the same layers and memory, for each model with its own settings", async ({
    page,
    ownServer,
  }) => {
    const { url, home } = await ownServer({ ...softwareGpuEnv, HEADROOM_MODELS_DIR: models });
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await expect(dashboard.engineStatus).toContainText("31 of 31 layers on GPU", { timeout: 60_000 });
    await saySame(page, "31");
    await dashboard.type("Target VRAM usage, %", "20");
    await dashboard.apply.click();
    await expect(page.getByText("Applied; the model was reloaded")).toBeVisible({ timeout: 60_000 });
    await expect(dashboard.engineStatus).toContainText(/\d of 31 layers on GPU/);
    const layers = /(\d+) of 31 layers/.exec((await dashboard.engineStatus.textContent()) ?? "")?.[1] ?? "";
    expect(Number(layers)).toBeLessThan(31);
    await saySame(page, layers);
    writeFileSync(
      join(home, "modelconf.json"),
      JSON.stringify({ TARGET_VRAM_USAGE: 0.9, MODELS: { "mistral.gguf": { LAYERS: 3, N_CTX: 1024 } } }),
    );
    await page.goto(`${url}/dashboard?model=mistral.gguf`);
    for (const own of ["Context size 1,024 tokens", "GPU layers 3"])
      await expect(page.getByRole("listitem").filter({ hasText: own })).toBeVisible();
    await expect(dashboard.sentence).toContainText("You chose 3 of 33 layers");
    await expect(dashboard.field("Context size, tokens")).toHaveValue("1,024");
    await page.goto(`${url}/models`);
    await expect(row(page, "mistral.gguf").getByText(/3 of 33 layers on GPU/)).toBeVisible();
    await expect(row(page, DEFAULT_MODEL).getByText(/all 31 layers on GPU/)).toBeVisible();
  });
});

test("without a GPU, dashboard, Models, API, terminal, header, chat and receipt tell of one plan", async ({
  page,
  ownServer,
}) => {
  const { url, home } = await ownServer();
  const dashboard = new DashboardPage(page);
  expect((await page.request.post(`${url}/api/engine/load`, { data: {} })).ok()).toBe(true);
  await dashboard.open(url);
  const mib = /^Runs on the CPU: (\d+) MiB of/.exec((await dashboard.sentence.textContent()) ?? "")?.[1];
  await expect(page.getByText(`system memory ${mib} MiB`)).toBeVisible();
  await expect(page.getByText(`4,096 tokens, all 31 layers: f16 ${(Number(mib) / 1024).toFixed(2)} GiB`)).toBeVisible();
  await expect(dashboard.engineStatus).toContainText("CPU");
  const { plan } = await (await page.request.get(`${url}/api/plan`)).json();
  expect(plan.why).toContain(`Runs on the CPU: ${mib} MiB of`);
  const env = { ...process.env, HEADROOM_HOME: home, HEADROOM_GPU: "off" };
  const { stdout } = await promisify(execFile)(process.execPath, ["dist/plan.mjs"], { env });
  expect(stdout).toContain(`Runs on the CPU: ${mib} MiB of`);
  const newest = page.getByRole("table", { name: "Past loads" }).getByRole("row").nth(1);
  await expect(newest).toContainText("CPU, 4k f16");
  // A build without a GPU has no real dry run; llama.cpp's own buffers are within 3 % of the plan.
  const actualMib = Number(/([\d.]+) MiB/.exec((await newest.textContent()) ?? "")?.[1]);
  expect(Math.abs(actualMib - Number(mib)) / Number(mib)).toBeLessThan(0.03);
  await page.goto(`${url}/models`);
  await expect(page.getByText(`CPU · ${mib} MiB`)).toBeVisible();
  await page.goto(url);
  await expect(page.getByRole("main").getByText("on the CPU", { exact: true })).toBeVisible();
});

test("what is offered and what the chart says is the very plan's", async ({ page }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.openForCard(900);
  await dashboard.type("Context size, tokens", "768");
  await expect(page.getByText(/^768 tokens, all 31 layers: /)).toBeVisible();
  await dashboard.openForCard(8192);
  await dashboard.type("Context size, tokens", "65536");
  await expect(dashboard.sentence).toContainText("All 31 layers fit");
  const stop = page.getByRole("button", { name: /^all layers up to 65,536 tokens, trained for 8,192/ });
  await expect(stop).toHaveCount(3);
  await dashboard.openForCard(900);
  await dashboard.type("Context size, tokens", "8192");
  const presets = page.getByRole("list", { name: "Presets" });
  await expect(
    presets.getByRole("button", { name: /^Keep my context, with a q\d_0 KV cache.*f16 → q\d_0/ }),
  ).toBeVisible();
  for (const text of await presets.getByRole("button").allTextContents())
    expect(Number(/([\d,]+) tokens/.exec(text)?.[1]?.replace(",", ""))).toBeGreaterThanOrEqual(2048);
});

test.describe("a plan that does not fit", () => {
  const LARGE = 1_000_000;
  // 1,000,192 cells of 32 layers with 2,048 elements of f16 are 122 GiB.
  test.skip(totalmem() > 110 * 2 ** 30, "this computer holds it");

  test("into memory is red, says what would fit, and has to be meant", async ({ page, sharedServer }) => {
    const { url, home } = await sharedServer({ HEADROOM_MODELS_DIR: models });
    const dashboard = new DashboardPage(page);
    await page.goto(`${url}/dashboard?model=mistral.gguf`);
    const use = page.getByRole("button", { name: "Use this model" });
    await expect(dashboard.sentence).toHaveText(
      /^Runs on the CPU: 4\.\d\d of [\d.]+ GiB of memory\. No measurement yet on this computer: [\d.]+ to [\d.]+ tokens\/s, prompts /,
    );
    await expect(use).toBeEnabled();

    await dashboard.type("Context size, tokens", String(LARGE));
    const tooMuch = /^[\d.]+ GiB too much for system memory: 12\d\.\d\d GiB is needed and [\d.]+ GiB is available\.$/;
    await expect(dashboard.sentence).toHaveText(tooMuch);
    await expect(dashboard.ramGauge).toHaveAttribute("aria-valuetext", /^[\d.]+ GiB too much: /);
    await expect(dashboard.ramGauge.locator("[data-overfull]")).toBeVisible();
    await expect(page.getByRole("definition").filter({ hasText: "-" })).toHaveCount(0);
    await expect(page.getByRole("term").filter({ hasText: "Free" })).toHaveCount(0);
    await expect(use).toBeDisabled();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole("switch", { name: "Load it anyway" }).click();
    await expect(use).toBeEnabled();

    const fits = page.getByRole("list", { name: "What would fit into memory" });
    await fits.getByRole("button", { name: /tokens of context/ }).click();
    await expect(dashboard.sentence).toHaveText(/^Runs on the CPU: /);
    await expect(use).toBeEnabled();

    writeFileSync(join(home, "modelconf.json"), JSON.stringify({ MODELS: { "mistral.gguf": { N_CTX: LARGE } } }));
    await page.goto(`${url}/models`);
    await expect(row(page, "mistral.gguf").getByText(/^needs 12\d\.\d\d GiB of memory: too much here$/)).toBeVisible();
    await expect(row(page, "mistral.gguf").getByRole("button", { name: /^Use / })).toBeDisabled();
    await expect(row(page, "mistral.gguf").getByRole("link", { name: /^See the plan/ })).toBeVisible();
  });

  test("is refused by the API in the page's words, and can be meant on the dashboard", async ({ page, ownServer }) => {
    const settings = { MODEL: "mistral.gguf", N_CTX: LARGE };
    const { url } = await ownServer({ HEADROOM_MODELS_DIR: models }, settings);
    const words =
      /^[\d.]+ GiB too much for system memory: 12\d\.\d\d GiB is needed and [\d.]+ GiB is available\. The computer would swap/;
    const load = await page.request.post(`${url}/api/engine/load`);
    expect(load.status()).toBe(507);
    const { error } = await load.json();
    expect(error).toMatchObject({ code: "OUT_OF_MEMORY", message: expect.stringMatching(words) });
    expect(error.next).toMatch(/^What would fit: [\d,]+ tokens of context/);
    const data = { model: "mistral.gguf", messages: [{ role: "user", content: "Hello" }] };
    const answer = await page.request.post(`${url}/v1/chat/completions`, { data });
    expect(answer.status()).toBe(507);
    expect((await answer.json()).error.message).toMatch(words);
    await page.goto(`${url}/dashboard`);
    await expect(page.getByRole("button", { name: "Load it anyway" })).toBeVisible();
    expect(await axeViolations(page)).toEqual([]);
  });

  test("onto the card is red, beyond the end of the bar, and named first", async ({ page, sharedServer }) => {
    const { url } = await sharedServer({ HEADROOM_MODELS_DIR: models });
    const dashboard = new DashboardPage(page);
    await page.goto(`${url}/dashboard?model=mistral.gguf`);
    await dashboard.choose("Card to plan for", "Another card");
    await expect(dashboard.gauge.locator("[data-overfull]")).toHaveCount(0);
    await dashboard.type("Context size, tokens", "32768");
    await dashboard.type("GPU layers", "33");
    // explain-plan.test.ts: 8,075.6 MiB of buffers, an assumed card's overhead and 800 MiB of others on 8,192 MiB.
    await expect(dashboard.sentence).toHaveText(
      /^1\.\d\d GiB too much for the card: you chose 33 of 33 layers, and \d+ would fit\.$/,
    );
    await expect(dashboard.gauge).toHaveAttribute("aria-valuetext", /^1\.\d\d GiB too much: 9\.\d\d GiB of 8\.00 GiB/);
    await expect(dashboard.gauge.locator("[data-overfull]")).toBeVisible();
    const figures = page.getByRole("region", { name: "GPU memory" }).getByRole("term");
    await expect(figures.first()).toHaveText("Too much");
    await page.getByRole("button", { name: /^automatic layers/ }).click();
    await expect(dashboard.gauge.locator("[data-overfull]")).toHaveCount(0);
  });
});
