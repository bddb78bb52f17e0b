import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { headsOf80 } from "@/lib/gguf/testing/odd-heads-shape";
import { refusedShapes } from "@/lib/gguf/testing/refused-shapes";
import { axeViolations } from "./axe-violations";
import { expect, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

test.describe("what llama.cpp would refuse", () => {
  let models: string;
  test.beforeAll(() => {
    models = mkdtempSync(join(tmpdir(), "headroom-refused-"));
    const write = (name: string, shape: Parameters<typeof shapeFile>[0]) => {
      const { header, fileBytes } = shapeFile(shape);
      writeFileSync(join(models, name), header);
      truncateSync(join(models, name), fileBytes);
    };
    write("heads-of-80.gguf", headsOf80());
    const [noFeedForward] = refusedShapes;
    if (noFeedForward !== undefined) write("no-feed-forward.gguf", noFeedForward.shape);
  });
  test.afterAll(() => rmSync(models, { recursive: true, force: true }));

  test("a KV type that the model cannot have is not to be chosen, and the control says why", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer({ HEADROOM_MODELS_DIR: models });
    const dashboard = new DashboardPage(page);
    await page.goto(`${url}/dashboard?model=heads-of-80.gguf`);
    await dashboard.choose("Card to plan for", "Another card");
    const group = page.getByRole("radiogroup", { name: "KV cache" });
    for (const type of ["q8_0", "q4_0"]) await expect(group.getByRole("radio", { name: type })).toBeDisabled();
    await expect(group.getByRole("radio", { name: "f16" })).toBeEnabled();
    await expect(group).toHaveAccessibleDescription(/its heads have 80 elements, which blocks of 32 do not divide/);
    await expect(dashboard.sentence).not.toContainText("q8_0");
    expect(await axeViolations(page)).toEqual([]);
  });

  test("V can have its own type, except where llama.cpp would refuse the pair", async ({ page, sharedServer }) => {
    const { url } = await sharedServer();
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    await dashboard.choose("Card to plan for", "Another card");
    await dashboard.type("Memory of the card, MiB", "900");
    await dashboard.choose("KV cache", "q8_0");
    const valueTypes = page.getByRole("radiogroup", { name: "V cache", exact: true });
    await expect(valueTypes.getByRole("radio", { name: "q8_0" })).toBeChecked();
    await valueTypes.getByRole("radio", { name: "q4_0" }).click();
    await expect(
      page
        .getByRole("listitem")
        .filter({ hasText: /^q8_0\/q4_0/ })
        .first(),
    ).toBeVisible();
    // 30 blocks of 4,096 cells of 192 elements: 23.9 MiB of K and 12.7 of V, for one to four conversations at once.
    await expect(page.getByText(/KV cache for 4,096 tokens (?:37|73|110|146) MiB/)).toBeVisible();
    await dashboard.choose("Flash attention", "Off");
    await expect(valueTypes).toHaveAccessibleDescription(/A q8_0\/q4_0 KV cache needs flash attention.*V to f16/);
    await valueTypes.getByRole("radio", { name: "f16" }).click();
    await expect(dashboard.sentence).not.toContainText("flash attention");
    expect(await axeViolations(page)).toEqual([]);
  });

  test("G13 a file without a key that llama.cpp needs is named with it, in the library and where it is planned", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer({ HEADROOM_MODELS_DIR: models });
    const says = "This file has no llama.feed_forward_length; llama.cpp cannot load it.";
    await page.goto(`${url}/models`);
    await expect(page.getByText(says)).toBeVisible();
    await page.goto(`${url}/dashboard?model=no-feed-forward.gguf`);
    await expect(page.getByText(says)).toBeVisible();
  });
});
