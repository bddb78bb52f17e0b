import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { unevenShape } from "@/lib/gguf/testing/uneven-shape";
import { axeViolations } from "./axe-violations";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

test.describe("two software cards of 2 GiB", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");
  test.setTimeout(120_000);
  let models: string;
  test.beforeAll(() => {
    models = mkdtempSync(join(tmpdir(), "headroom-uneven-"));
    const { header, fileBytes } = shapeFile(unevenShape());
    writeFileSync(join(models, "uneven.gguf"), header);
    truncateSync(join(models, "uneven.gguf"), fileBytes);
  });
  test.afterAll(() => rmSync(models, { recursive: true, force: true }));

  test("16 of 17 layers would fit the sum, and overfill a card: fewer are shared so that none does", async ({
    page,
    ownServer,
  }) => {
    const twoCards = { ...softwareGpuEnv, GGML_VK_VISIBLE_DEVICES: "0,0", HEADROOM_MODELS_DIR: models };
    const { url } = await ownServer(twoCards);
    const dashboard = new DashboardPage(page);
    await page.goto(`${url}/dashboard?model=uneven.gguf`);
    // 16 layers would put blocks 1 to 8 on card 0: 2,137 MiB of its 2,048, as llama.cpp's log of such a load says.
    await expect(dashboard.sentence).toContainText(/^15 of 17 layers fit: \d+ on card 0, \d+ on card 1/, {
      timeout: 90_000,
    });
    const warning = page.getByText(/^Card 0 \(llvmpipe/);
    await expect(warning).toHaveCount(0);
    await expect(page.getByText(/Card 1 \(/)).toHaveCount(0);
    expect(await axeViolations(page)).toEqual([]);
    await dashboard.type("GPU layers", "10");
    await expect(dashboard.sentence).toContainText("You chose 10 of 17 layers");
    await expect(warning).toHaveCount(0);
  });
});
