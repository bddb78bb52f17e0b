import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { WritableValue } from "@/lib/gguf/testing/gguf-writer";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { GIB } from "@/lib/units/bytes";
import { axeViolations, axeViolationsInLightAndDark } from "./axe-violations";
import { expect, test } from "./fixtures";
import { ModelDetailsPage } from "./pages/model-details-page";
import { ModelsPage } from "./pages/models-page";

const REAL = "SmolLM2-135M-Instruct.Q4_1.gguf";
const HUB_FILE = "owner/repo/beta.gguf";

test.describe("the library", () => {
  let folder: string;
  let hub: StandInHub;

  /** A model without weights: planning and details need only its header. */
  const write = (name: string, more: Readonly<Record<string, WritableValue>> = {}, moreBytes = 0): string => {
    const shape = modelShape("small-llama-2");
    const gguf = { ...shape.gguf, metadata: { ...shape.gguf.metadata, ...more } };
    const { header, fileBytes } = shapeFile({ ...shape, gguf });
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, header);
    truncateSync(path, fileBytes + moreBytes);
    return path;
  };

  test.beforeAll(async () => {
    hub = await StandInHub.start();
    folder = mkdtempSync(join(tmpdir(), "headroom-library-"));
    copyFileSync(join("models", REAL), join(folder, REAL));
    const beta = write(HUB_FILE, { "general.name": "Beta Chat" });
    const oid = createHash("sha256").update(readFileSync(beta)).digest("hex");
    hub.serve("/api/models/owner/repo/tree/main", (_request, response) =>
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify([{ type: "file", path: "beta.gguf", size: 1, lfs: { oid } }])),
    );
    write("alpha.gguf");
    symlinkSync(join(folder, "..", "no-such-disk", "linked.gguf"), join(folder, "linked.gguf"));
  });
  test.afterAll(async () => {
    await hub.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const env = () => ({ HEADROOM_MODELS_DIR: folder, HF_ENDPOINT: hub.origin });

  test("is sorted, filtered and searched, and says what a broken link lacks", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    const models = new ModelsPage(page);
    await models.open(url);
    await expect(models.names).toHaveText(["alpha.gguf", "linked.gguf", HUB_FILE, REAL]);
    await expect(models.row(HUB_FILE)).toContainText("Beta Chat");
    await expect(models.row("linked.gguf")).toContainText(
      /This is a link to .*no-such-disk.*, and nothing is there: connect the disk that it is on, or remove the link\./,
    );
    await models.choose("Sort", "Newest first");
    await expect(models.names.first()).not.toHaveText(REAL);
    await models.choose("Sort", "Smallest first");
    await expect(models.names).toHaveText(["linked.gguf", "alpha.gguf", HUB_FILE, REAL]);
    await models.choose("Show", "Other kinds");
    await expect(models.names).toHaveText(["linked.gguf"]);
    await models.choose("Show", "All files");
    await models.search("beta llama");
    await expect(models.names).toHaveText([HUB_FILE]);
    await models.search("nothing like it");
    await expect(page.getByText("No model matches that.")).toBeVisible();
  });

  test("shows a file that comes and one that goes by itself", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    const models = new ModelsPage(page);
    await models.open(url);
    await expect(models.row("alpha.gguf")).toBeVisible();
    const path = write("new/comes.gguf");
    await expect(models.row("new/comes.gguf")).toBeVisible({ timeout: 15_000 });
    rmSync(path);
    await expect(models.row("new/comes.gguf")).toHaveCount(0, { timeout: 15_000 });
  });

  test("renames a model, moves it to the trash and puts it back", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    write("old.gguf");
    const models = new ModelsPage(page);
    await models.open(url);
    await models.rename("old.gguf", "alpha.gguf");
    await expect(models.dialog).toContainText("There is a file alpha.gguf already: choose another name.");
    await models.newName.fill("renamed.gguf");
    await models.newName.press("Enter");
    await expect(models.row("renamed.gguf")).toBeVisible();
    expect(existsSync(join(folder, "old.gguf"))).toBe(false);
    await models.menu("renamed.gguf", "Move to trash");
    await expect(models.row("renamed.gguf")).toHaveCount(0);
    expect(existsSync(join(folder, "renamed.gguf"))).toBe(false);
    await page.getByRole("button", { name: "Put back renamed.gguf" }).click();
    await expect(models.row("renamed.gguf")).toBeVisible();
    expect(existsSync(join(folder, "renamed.gguf"))).toBe(true);
    rmSync(join(folder, "renamed.gguf"));
  });

  test("has a page for each model with what its header says, in light and dark", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    const models = new ModelsPage(page);
    const details = new ModelDetailsPage(page);
    await models.open(url);
    await models.row(REAL).getByRole("link", { name: REAL }).click();
    await expect(details.heading(REAL)).toBeVisible();
    await expect(page).toHaveURL(`${url}/models/details?name=${REAL}`);
    await expect(details.card("Tensors")).toContainText(/Feed-forward\s*90/);
    await expect(details.card("Chat template")).toContainText("<|im_start|>");
    expect((await page.request.post(`${url}/api/engine/load`, { data: {} })).ok()).toBe(true);
    await expect(details.card("An example, as the model reads it")).toContainText(
      "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\nParis.<|im_end|>",
    );
    await details.headerSearch.fill("tokenizer tokens");
    await expect(details.card("Header")).toContainText("tokenizer.ggml.tokens");
    await expect(details.card("Header")).toContainText("49,152 values in all");
    await expect(details.card("Header")).not.toContainText("general.architecture");
    // 30 blocks of 3 KV heads of 64: 2 × 3 × 64 × 2 bytes a token, 3 MiB at 4,096 tokens and 6 at 8,192.
    await details.layerTable.click();
    await expect(details.card("Layers")).toContainText("3.0 MiB");
    await page.getByLabel("Context of the layers").selectOption("8192");
    await expect(details.card("Layers")).toContainText("6.0 MiB");
    expect(await axeViolationsInLightAndDark(page)).toEqual([]);
    await page.goBack();
    await expect(models.row(REAL)).toBeVisible();
  });

  for (const width of [360, 768])
    test(`fits a model's page into ${width} px`, async ({ page, sharedServer }) => {
      const { url } = await sharedServer(env());
      await page.setViewportSize({ width, height: 800 });
      const details = new ModelDetailsPage(page);
      await details.open(HUB_FILE, url);
      await expect(details.card("Tensors")).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    });

  test("shows a hostile header a part at a time and runs nothing of it", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    const odd = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, index) => [
        `odd.${index}`,
        `\u001b<script>alert(1)</script>${"x".repeat(900)}`,
      ]),
    );
    const path = write("hostile.gguf", { ...odd, "tokenizer.chat_template": "{{ x }}".repeat(100_000) });
    const details = new ModelDetailsPage(page);
    await details.open("hostile.gguf", url);
    await expect(details.card("Header")).toContainText(/30,0\d\d keys/);
    await expect(details.card("Chat template")).toContainText("The first 40,000 characters are shown.");
    await details.headerSearch.fill("odd.29999");
    await expect(details.card("Header")).toContainText("\\u{1b}<script>");
    // The escape, 25 characters of markup, and 900.
    await expect(details.card("Header")).toContainText("926 characters in all");
    expect(await page.locator("*").count()).toBeLessThan(3000);
    rmSync(path);
  });

  test("says of a name that is not there what became of it", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    await new ModelDetailsPage(page).open("gone.gguf", url);
    await expect(
      page.getByText("There is no model gone.gguf in the library: it was renamed, moved or deleted."),
    ).toBeVisible();
    await page.getByRole("link", { name: "See all models" }).click();
    await expect(new ModelsPage(page).row("alpha.gguf")).toBeVisible();
  });

  test("verifies a file against the hub, and one without a published hash by its own", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer(env());
    const details = new ModelDetailsPage(page);
    await details.open(HUB_FILE, url);
    await expect(details.card("File")).toContainText("compares its sha256 with the published one");
    expect(hub.seen.filter(({ path }) => path.includes("/tree/"))).toEqual([]);
    await details.verify.click();
    await expect(details.card("File")).toContainText("The content matches what the hub has now.");

    const path = join(folder, HUB_FILE);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = 1;
    writeFileSync(path, bytes);
    utimesSync(path, 1, 1);
    await page.reload();
    await details.verify.click();
    await expect(details.card("File")).toContainText(
      "differs from what the hub has now: it is damaged, or an older version.",
    );
    expect(await axeViolations(page)).toEqual([]);

    await details.open("alpha.gguf", url);
    await details.verify.click();
    const sha256 = createHash("sha256")
      .update(readFileSync(join(folder, "alpha.gguf")))
      .digest("hex");
    await expect(details.card("File")).toContainText("No published sha256 is known. This is the file's own.");
    await expect(details.card("File")).toContainText(sha256);
  });

  test("verifies in the background and can be cancelled", async ({ page, request, sharedServer }) => {
    const { url } = await sharedServer(env());
    const path = write("large.gguf", {}, 16 * GIB);
    const details = new ModelDetailsPage(page);
    await details.open("large.gguf", url);
    await details.verify.click();
    await expect(details.verification).toBeVisible();
    expect((await request.get(`${url}/api/health`)).status()).toBe(200);
    await page.reload();
    await expect(details.verification).toBeVisible();
    await details.card("File").getByRole("button", { name: "Cancel" }).click();
    await expect(details.verification).toHaveCount(0);
    await expect(details.verify).toBeVisible();
    rmSync(path);
  });

  test("makes a model the default and leaves the loaded one alone", async ({ page, request, sharedServer }) => {
    const { url } = await sharedServer(env());
    await request.post(`${url}/api/engine/load`, { data: {} });
    const details = new ModelDetailsPage(page);
    await details.open("alpha.gguf", url);
    await page.getByRole("button", { name: "Set as default" }).click();
    await expect(page.getByText("Default model changed")).toBeVisible();
    await expect(page.getByRole("button", { name: "Set as default" })).toHaveCount(0);
    const { settings } = await (await request.get(`${url}/api/settings`)).json();
    expect(settings.MODEL).toBe("alpha.gguf");
    const { engine } = await (await request.get(`${url}/api/engine`)).json();
    expect([engine.modelName, engine.state]).toEqual([REAL, "loaded"]);
    const models = new ModelsPage(page);
    await models.open(url);
    await expect(models.row(REAL)).toContainText("In use");
    await expect(models.row("alpha.gguf")).toContainText("Default");
    await expect(models.row("alpha.gguf").getByRole("button", { name: "Use alpha.gguf" })).toBeVisible();
  });

  test("drops a model's own settings one by one", async ({ page, request, sharedServer }) => {
    const { url, home } = await sharedServer(env());
    writeFileSync(
      join(home, "modelconf.json"),
      JSON.stringify({ MODEL: REAL, MODELS: { "alpha.gguf": { N_CTX: 2048, KV_CACHE_QUANT: "q8_0" } } }),
    );
    const details = new ModelDetailsPage(page);
    await details.open("alpha.gguf", url);
    const own = details.card("Settings of this model alone");
    await expect(own).toContainText("2,048 tokens");
    await own.getByRole("button", { name: "Drop Context size" }).click();
    await expect(own).not.toContainText("2,048 tokens");
    await expect(own).toContainText("q8_0");
    const { overrides } = await (await request.get(`${url}/api/settings?MODEL=alpha.gguf`)).json();
    expect(overrides).toEqual({ KV_CACHE_QUANT: "q8_0" });
    await own.getByRole("button", { name: "Drop KV cache" }).click();
    await expect(own).toContainText("None: the general settings apply to it.");
  });
});
