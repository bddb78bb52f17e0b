import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { listReceipts } from "@/lib/schema/api/receipts";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

/** Small models with sparse zeros for weights: 6 blocks of 16 experts, and 30 dense blocks. */
let models: string;
test.beforeAll(() => {
  models = mkdtempSync(join(tmpdir(), "headroom-experts-"));
  for (const id of ["small-qwen3-moe", "small-llama-3"]) {
    const { header, fileBytes } = shapeFile(modelShape(id));
    writeFileSync(join(models, `${id}.gguf`), header);
    truncateSync(join(models, `${id}.gguf`), fileBytes);
  }
});
test.afterAll(() => rmSync(models, { recursive: true, force: true }));

test.describe("a mixture of experts on a card", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");

  test("shows experts in RAM, loads them so, and predicted every byte", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(
      { ...softwareGpuEnv, HEADROOM_MODELS_DIR: models },
      { MODEL: "small-qwen3-moe.gguf", N_CTX: 1024 },
    );
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await expect(dashboard.sentence).toContainText("All 7 layers fit", { timeout: 60_000 });
    await dashboard.type("Experts in RAM", "4");
    await expect(dashboard.layers.getByRole("option", { name: /^Layer 3,/ })).toHaveAccessibleName(
      // Three tensors of 512 x 256 x 16 in Q4_K, 144 bytes for 256 elements.
      /on the GPU: .*weights [\d.]+ MiB, of these 3\.4 MiB of experts in system memory/,
    );
    await expect(dashboard.layers.getByRole("option", { name: /^Layer 4,/ })).not.toHaveAccessibleName(/of experts in/);
    await dashboard.apply.click();
    await expect(dashboard.engineStatus).toContainText("7 of 7 layers on GPU, experts of 4 blocks in RAM", {
      timeout: 60_000,
    });
    const newest = page.getByRole("table", { name: "Past loads" }).getByRole("row").nth(1);
    await expect(newest).toContainText("7 of 7 layers, experts of 4 blocks in RAM");
    const { receipts } = listReceipts.reply.parse(await (await page.request.get(`${url}/api/receipts`)).json());
    const [receipt] = receipts;
    expect(receipt?.config.expertBlocksInRam).toBe(4);
    expect(receipt?.actual.totalBytes).toBe(receipt?.predicted.totalBytes);
    await page.goto(`${url}/models`);
    await expect(page.getByText("all 7 layers on GPU, experts of 4 blocks in RAM")).toBeVisible();
  });

  test("offers nothing to place for a dense model", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(
      { ...softwareGpuEnv, HEADROOM_MODELS_DIR: models },
      { MODEL: "small-llama-3.gguf", N_CTX: 1024 },
    );
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await expect(dashboard.field("GPU layers")).toBeVisible();
    await expect(dashboard.field("Experts in RAM")).toHaveCount(0);
  });

  test("chooses experts in RAM by itself for a card that is too small for all", async ({ page, ownServer }) => {
    const { url } = await ownServer(
      { HEADROOM_MODELS_DIR: models },
      { MODEL: "small-qwen3-moe.gguf", N_CTX: 4096, TARGET_VRAM_USAGE: 1 },
    );
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await dashboard.choose("Card to plan for", "Another card");
    // 500 MiB are assumed to be outside llama.cpp's buffers, and the whole model needs less than 110.
    await dashboard.type("Used by others, MiB", "0");
    const sentences: (string | null)[] = [];
    for (let totalMib = 610; totalMib >= 550; totalMib -= 10) {
      await dashboard.type("Memory of the card, MiB", String(totalMib));
      sentences.push(await dashboard.sentence.textContent());
    }
    expect(sentences.join("\n")).toMatch(/All 7 layers fit, experts of \d blocks?(?: and part of one more)? in RAM/);
  });
});
