import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { listReceipts } from "@/lib/schema/api/receipts";
import type { FakeScript } from "@/lib/server/testing/fake-engine/fake-engine";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine/fake-engine-entry";
import { axeViolations } from "./axe-violations";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { DashboardPage } from "./pages/dashboard-page";
import { StandInNvidiaSmi, smiLine } from "./stand-in-nvidia-smi";

const NAME = "NVIDIA GeForce RTX 3060";
const first = smiLine({ name: NAME, bus: "01", totalMib: 12_288, usedMib: 6144, busy: 87, celsius: 66, watts: 142.2 });
const second = smiLine({ name: NAME, bus: "02", totalMib: 12_288, usedMib: 1024, busy: 3, celsius: 31, watts: 9.1 });

/** An engine that says it runs on these devices. */
const engineOn = (devices: readonly string[], script: FakeScript = {}): Record<string, string> => ({
  HEADROOM_GPU: "cuda",
  HEADROOM_ENGINE_ENTRY: fakeEngineEntry({ backend: "cuda", devices, ...script }),
});

/** The same with the placement addon, for cards at these addresses. */
const placingEngineOn = (buses: readonly string[]): Record<string, string> => {
  const cards = buses.map((bus, index) => ({
    device: `CUDA${index}`,
    name: NAME,
    address: `0000:${bus}:00.0`,
    isIntegrated: false,
    totalBytes: 12 * 1024 ** 3,
  }));
  return engineOn(
    buses.map(() => NAME),
    { placement: { kind: "ready", cards } },
  );
};

test.describe("H4 two cards of one name", () => {
  test.setTimeout(120_000);
  let smi: StandInNvidiaSmi;
  test.beforeEach(() => {
    smi = new StandInNvidiaSmi([first, second]);
  });
  test.afterEach(() => smi.remove());

  test("each has its own bar and figures; a lost one is told, and the plan is for the other", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer({ ...engineOn([NAME, NAME]), ...smi.env });
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    const cards = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
    await expect(cards).toHaveCount(2);
    await expect(cards.nth(0)).toHaveText(/RTX 3060.*0000:01:00\.0.*6\.00 GiB of 12\.00 GiB.*87 % busy.*66 °C.*142 W/);
    await expect(cards.nth(1)).toHaveText(/RTX 3060.*0000:02:00\.0.*1\.00 GiB of 12\.00 GiB.*3 % busy.*31 °C.*9 W/);
    await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(24 * 1024 ** 3));
    const inHeader = page.getByRole("banner").getByRole("meter");
    await expect(inHeader).toHaveCount(2);
    expect(await axeViolations(page)).toEqual([]);

    smi.behave("loses a card");
    const toasts = page.getByRole("region", { name: "Notifications" });
    await expect(toasts).toContainText(`${NAME} (0000:02:00.0) is gone`, { timeout: 30_000 });
    await expect(page.getByText(`${NAME} (0000:02:00.0) no longer answers. The plan is for`)).toBeVisible();
    await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(12 * 1024 ** 3));
    await expect(cards).toHaveCount(0);
    await expect(page.getByText("66 °C")).toBeVisible();
    await expect(inHeader).toHaveCount(1);
  });

  test("spread over two cards, then one is lost: a sentence tells it, the other takes all layers, and the chat still answers", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer({ ...placingEngineOn(["01", "02"]), ...smi.env });
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await expect(dashboard.sentence).toContainText(/^All 31 layers fit on card \d/, { timeout: 30_000 });
    const cards = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
    await expect(cards).toHaveCount(2);
    await dashboard.choose("Where one card is enough", "Spread");
    // 80 % of 12 GiB less 6 and less 1 GiB: 3.6 and 8.6 GiB, less the same overhead on each, so that 31 layers are 9 or 10 and the rest.
    await expect(dashboard.sentence).toContainText(/^All 31 layers fit: (?:9|10) on card 0, (?:21|22) on card 1/);
    await dashboard.apply.click();
    await expect(dashboard.apply).toBeHidden();
    await expect(cards.nth(0)).toContainText(/(?:9|10) layers planned/);
    await expect(cards.nth(1)).toContainText(/(?:21|22) layers planned/);
    expect(await axeViolations(page)).toEqual([]);

    smi.behave("loses a card");
    await expect(page.getByRole("region", { name: "Notifications" })).toContainText(`${NAME} (0000:02:00.0) is gone`, {
      timeout: 30_000,
    });
    await expect(page.getByText(`${NAME} (0000:02:00.0) no longer answers. The plan is for`)).toBeVisible();
    await expect(dashboard.sentence).toContainText(/^All 31 layers fit/);
    await expect(dashboard.sentence).not.toContainText("card 1");
    await expect(dashboard.layers.getByRole("option", { name: /on card 1/ })).toHaveCount(0);
    await expect(cards).toHaveCount(0);
    await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(12 * 1024 ** 3));

    const chat = new ChatPage(page);
    await page.getByRole("banner").getByRole("link", { name: "Chat" }).click();
    await expect(chat.message).toBeEditable();
    await chat.ask("Are you still there?");
    await expect(chat.replies.last()).toContainText("Hello world");
  });

  test("the chat is told as well", async ({ page, ownServer }) => {
    const { url } = await ownServer({ ...engineOn([NAME, NAME]), ...smi.env });
    const chat = new ChatPage(page);
    await chat.open(undefined, url);
    await expect(page.getByRole("banner").getByRole("meter")).toHaveCount(2, { timeout: 30_000 });
    smi.behave("loses a card");
    await expect(page.getByRole("region", { name: "Notifications" })).toContainText("no longer answers", {
      timeout: 30_000,
    });
  });

  test("garbage takes the bars away and comes to no figure", async ({ page, ownServer }) => {
    const { url } = await ownServer({ ...engineOn([NAME, NAME]), ...smi.env });
    await new DashboardPage(page).open(url);
    const cards = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
    await expect(cards).toHaveCount(2);
    smi.behave("garbage");
    await expect(cards).toHaveCount(0, { timeout: 30_000 });
    await expect(page.getByText("66 °C")).toHaveCount(0);
    await expect(page.getByText("is gone")).toHaveCount(0);
  });

  test("CUDA_VISIBLE_DEVICES chooses whose figures are shown", async ({ page, ownServer }) => {
    const { url } = await ownServer({ ...engineOn([NAME]), ...smi.env, CUDA_VISIBLE_DEVICES: "1" });
    await new DashboardPage(page).open(url);
    await expect(page.getByText("31 °C")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText("66 °C")).toHaveCount(0);
  });

  test("where it cannot be told which of them is used, no figure is shown", async ({ page, ownServer }) => {
    const env = { ...engineOn([NAME]), CUDA_VISIBLE_DEVICES: "0", CUDA_DEVICE_ORDER: "FASTEST_FIRST" };
    const { url } = await ownServer({ ...env, ...smi.env });
    await new DashboardPage(page).open(url);
    await expect(page.getByText("not known which card")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(/°C/)).toHaveCount(0);
  });
});

test.describe("H4 plans for two cards of one name", () => {
  let smi: StandInNvidiaSmi;
  let env: Record<string, string>;
  test.beforeAll(() => {
    smi = new StandInNvidiaSmi([first, second]);
    env = { ...placingEngineOn(["01", "02"]), ...smi.env };
  });
  test.afterAll(() => smi.remove());

  test("each has its own plan and target, and the map and the sentence say which layers it has", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer(env);
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    // One card holds all of the model: nothing is gained by the other.
    await expect(dashboard.sentence).toContainText("All 31 layers fit on card 0", { timeout: 30_000 });
    await dashboard.type("Split over cards, numbers with commas between", "20, 11");
    await expect(dashboard.sentence).toContainText("All 31 layers fit: 20 on card 0, 11 on card 1");
    await expect(dashboard.layers.getByRole("option", { name: "Layer 19, on card 0:" })).toBeVisible();
    await expect(dashboard.layers.getByRole("option", { name: "Layer 20, on card 1:" })).toBeVisible();
    await expect(page.getByText("weights on card 1, 11 layers")).toBeVisible();
    const shown = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
    await expect(shown.nth(0)).toContainText("20 layers planned");
    // 80 % of 12 GiB.
    await expect(shown.nth(1)).toContainText("target 9.60 GiB");
    await expect(page.getByRole("meter", { name: "Card 1, plan" })).toHaveAttribute("aria-valuetext", /weights/);
    expect(await axeViolations(page)).toEqual([]);

    await page.getByRole("textbox", { name: "Cards, numbers with commas between", exact: true }).fill("1");
    await expect(dashboard.sentence).toContainText("All 31 layers fit");
    await expect(dashboard.layers.getByRole("option", { name: /^Layer 0,/ })).toHaveAccessibleName(
      /on (?:the GPU|NVIDIA)/,
    );
    await expect(page.getByRole("meter", { name: "Card 0, plan" })).toHaveCount(0);
  });

  test("KV cache in RAM is automatic, on or off", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env);
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await expect(
      page.getByRole("radiogroup", { name: "KV cache in RAM" }).getByRole("radio", { name: "Auto" }),
    ).toBeChecked();
    await expect(dashboard.sentence).toContainText("All 31 layers fit", { timeout: 30_000 });
    await expect(dashboard.sentence).not.toContainText("KV cache in RAM");
    await dashboard.choose("KV cache in RAM", "On");
    await expect(dashboard.sentence).toContainText("KV cache in RAM, with");
    await dashboard.choose("KV cache in RAM", "Off");
    await expect(dashboard.sentence).not.toContainText("KV cache in RAM");
  });
});

test.describe("four cards", () => {
  const buses = ["01", "02", "03", "04"];
  let smi: StandInNvidiaSmi;
  let env: Record<string, string>;
  test.beforeAll(() => {
    smi = new StandInNvidiaSmi(buses.map(bus => smiLine({ name: NAME, bus, totalMib: 12_288, usedMib: 1024 })));
    env = { ...placingEngineOn(buses), ...smi.env };
  });
  test.afterAll(() => smi.remove());

  for (const width of [360, 1440])
    test(`have a bar each that stays on the page at ${width} px`, async ({ page, sharedServer }) => {
      test.setTimeout(120_000);
      const { url } = await sharedServer(env, { CARD_CHOICE: "spread" });
      await page.setViewportSize({ width, height: 900 });
      const dashboard = new DashboardPage(page);
      await dashboard.open(url);
      await expect(dashboard.sentence).toContainText(/^All 31 layers fit: 8 on card 0, 8 on card 1, .* on card 3/, {
        timeout: 30_000,
      });
      const shown = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
      await expect(shown).toHaveCount(4);
      for (const index of buses.keys()) {
        await expect(shown.nth(index)).toContainText(/[78] layers planned/);
        const bar = page.getByRole("meter", { name: `Card ${index}, plan` });
        await expect(bar).toHaveAttribute("aria-valuetext", /weights/);
        const box = await bar.boundingBox();
        expect(box?.width).toBeGreaterThan(100);
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await axeViolations(page)).toEqual([]);
    });
});

test("two software devices take exactly what was planned on each", async ({ page, ownServer }) => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");
  test.setTimeout(120_000);
  const models = mkdtempSync(join(tmpdir(), "headroom-two-cards-"));
  const { header, fileBytes } = shapeFile(modelShape("small-qwen3-moe"));
  writeFileSync(join(models, "small-qwen3-moe.gguf"), header);
  truncateSync(join(models, "small-qwen3-moe.gguf"), fileBytes);
  const { url } = await ownServer(
    { ...softwareGpuEnv, GGML_VK_VISIBLE_DEVICES: "0,0", HEADROOM_MODELS_DIR: models },
    { MODEL: "small-qwen3-moe.gguf", N_CTX: 1024 },
  );
  const dashboard = new DashboardPage(page);
  await dashboard.open(url);
  await expect(dashboard.sentence).toContainText("All 7 layers fit on card 0", { timeout: 60_000 });
  await dashboard.type("Split over cards, numbers with commas between", "4, 3");
  await expect(dashboard.sentence).toContainText(/: 4 on card 0, 3 on card 1/);
  await dashboard.apply.click();
  await expect(dashboard.engineStatus).toContainText("7 of 7 layers on GPU", { timeout: 60_000 });
  const read = async () => {
    const { receipts } = listReceipts.reply.parse(await (await page.request.get(`${url}/api/receipts`)).json());
    return receipts[0]?.config.tensorSplit;
  };
  await expect.poll(read, { timeout: 60_000 }).toEqual([4, 3]);
  const { receipts } = listReceipts.reply.parse(await (await page.request.get(`${url}/api/receipts`)).json());
  expect(receipts[0]?.actual.totalBytes).toBe(receipts[0]?.predicted.totalBytes);
  rmSync(models, { recursive: true, force: true });
});

test("H8 a part of a card (MIG) has no reading of its own, and the page says so", async ({ page, ownServer }) => {
  const name = "NVIDIA H100 80GB HBM3";
  const smi = new StandInNvidiaSmi([smiLine({ name, totalMib: 81_559, usedMib: 100 })]);
  const vram = { totalBytes: 10 * 1024 ** 3, usedBytes: 0, freeBytes: 10 * 1024 ** 3, unifiedBytes: 0 };
  const env = { ...engineOn([`${name} MIG 1g.10gb`], { vram }), CUDA_VISIBLE_DEVICES: "MIG-aaaaaaaa-1111-2222" };
  const { url } = await ownServer({ ...env, ...smi.env });
  const dashboard = new DashboardPage(page);
  await dashboard.open(url);
  await expect(page.getByText("A part of a card (MIG) has no reading of its own.")).toBeVisible({ timeout: 30_000 });
  await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(10 * 1024 ** 3));
  await expect(page.getByText("41 °C")).toHaveCount(0);
  smi.remove();
});
