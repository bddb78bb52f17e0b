import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { expect, test } from "./fixtures";
import { judgeOnPhoneAndDesktop } from "./judge-on-phone-and-desktop";
import { ChatPage } from "./pages/chat-page";
import { ModelsPage } from "./pages/models-page";

const DEFAULT_MODEL = resolve("models", "SmolLM2-135M-Instruct.Q4_1.gguf");
const { header, fileBytes } = shapeFile(modelShape("small-llama-2"));
const DIGEST = "d".repeat(64);

/** A home folder as Ollama leaves it: one model, and one whose file is missing. */
function homeWithOllama(): { home: string; blob: string } {
  const home = mkdtempSync(join(tmpdir(), "headroom-home-"));
  const store = join(home, ".ollama", "models");
  const manifests = join(store, "manifests", "registry.ollama.ai", "library");
  const blob = join(store, "blobs", `sha256-${DIGEST}`);
  mkdirSync(join(store, "blobs"), { recursive: true });
  copyFileSync(DEFAULT_MODEL, blob);
  for (const [name, digest] of [
    ["smollm2/135m", DIGEST],
    ["gone/latest", "e".repeat(64)],
  ] as const) {
    mkdirSync(join(manifests, name, ".."), { recursive: true });
    const layers = [{ mediaType: "application/vnd.ollama.image.model", digest: `sha256:${digest}` }];
    writeFileSync(join(manifests, name), JSON.stringify({ schemaVersion: 2, layers }));
  }
  return { home, blob };
}

test.describe("models of other programs", () => {
  const { home, blob } = homeWithOllama();
  const modelsFolder = mkdtempSync(join(tmpdir(), "headroom-empty-"));
  test.afterAll(() => {
    for (const folder of [home, modelsFolder]) rmSync(folder, { recursive: true, force: true });
  });

  test("are shown with what they are, dark at 360 px and light at 1440 px", async ({ page, sharedServer }) => {
    const { url } = await sharedServer({ HOME: home, HEADROOM_MODELS_DIR: modelsFolder });
    const models = new ModelsPage(page);
    await page.setViewportSize({ width: 360, height: 900 });
    await models.open(url);
    const dialog = await models.lookInPrograms();
    const ollama = dialog.getByRole("region", { name: "Ollama" });
    await expect(ollama.getByRole("listitem")).toHaveText([/gone:latest.*is missing/, /smollm2:135m.*llama · 135 M/]);
    await expect(dialog.getByText("Nothing of LM Studio, Jan, ")).toBeVisible();
    await judgeOnPhoneAndDesktop(page, "programs");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Add a model" }).click();
    await expect(models.field).toBeFocused();
    await judgeOnPhoneAndDesktop(page, "add");
  });

  test("are used in place: chosen, chatted with, and said to have vanished", async ({ page, ownServer }) => {
    const { url } = await ownServer({ HOME: home, HEADROOM_MODELS_DIR: modelsFolder }, { MAX_TOKENS: 16 });
    const before = statSync(blob);
    const models = new ModelsPage(page);
    await models.open(url);
    await expect(page.getByText("There is no model yet.")).toBeVisible();
    const dialog = await models.lookInPrograms();
    await dialog.getByRole("button", { name: "Use smollm2:135m of Ollama" }).click();
    await expect(dialog.getByText("In the library")).toBeVisible();
    await page.keyboard.press("Escape");
    const row = models.row("Ollama/smollm2:135m");
    await expect(row).toContainText(`Used in place from Ollama: ${blob}`);
    await expect(row).toContainText(/CPU ·/);
    await page.getByRole("button", { name: "Chat with Ollama/smollm2:135m" }).click();
    const chat = new ChatPage(page);
    await chat.say("Say hello.");
    await expect(page.getByRole("button", { name: "Model: smollm2:135m" }).first()).toBeVisible();
    await expect(page.getByText("Reply finished")).toBeAttached({ timeout: 60_000 });
    expect(readdirSync(modelsFolder)).toEqual([]);
    expect(statSync(blob)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
    rmSync(blob);
    await models.open(url);
    await expect(row).toContainText("has vanished: Ollama no longer has its file");
    await models.menu("Ollama/smollm2:135m", "Take off the list");
    await expect(row).toHaveCount(0);
  });
});

test.describe("adding a model", () => {
  const folder = mkdtempSync(join(tmpdir(), "headroom-add-"));
  const modelsFolder = join(folder, "models");
  mkdirSync(modelsFolder);
  copyFileSync(DEFAULT_MODEL, join(folder, "elsewhere.gguf"));
  writeFileSync(join(folder, "page.gguf"), "<!doctype html>");
  let hub: StandInHub;
  test.beforeAll(async () => {
    hub = await StandInHub.start();
    hub.serveRepository("owner/one-GGUF", {
      "one-Q4_0.gguf": { start: header, fileBytes },
      "one-Q8_0.gguf": { start: header, fileBytes },
    });
  });
  test.afterAll(async () => {
    await hub.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const env = () => ({ HEADROOM_MODELS_DIR: modelsFolder, HF_ENDPOINT: hub.origin });

  test("S12 a path is used in place; what is missing and what is no model are refused alike", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer(env());
    const models = new ModelsPage(page);
    await models.open(url);
    await models.add(join(folder, "missing.gguf"));
    await expect(models.field).toHaveAccessibleDescription(/^There is no GGUF file at ".*missing\.gguf"\./);
    await models.addAnother(join(folder, "page.gguf"));
    await expect(models.field).toHaveAccessibleDescription(/^There is no GGUF file at ".*page\.gguf"\./);
    await models.addAnother(`"${join(folder, "elsewhere.gguf")}"`);
    const row = models.row(join(folder, "elsewhere.gguf"));
    await expect(row).toContainText("Used in place");
    await models.menu(join(folder, "elsewhere.gguf"), "Take off the list");
    await expect(row).toHaveCount(0);
    expect(existsSync(join(folder, "elsewhere.gguf"))).toBe(true);
  });

  test("a dropped file is copied into the models folder, and what is no model is refused at once", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer(env());
    const models = new ModelsPage(page);
    await models.open(url);
    await expect(page.getByText("There is no model yet.")).toBeVisible();
    await models.drop("dropped.gguf", header, fileBytes - header.byteLength);
    await expect(page.getByRole("list", { name: /copied into the models folder/ })).toContainText("in the library");
    await expect(models.row("dropped.gguf")).toContainText("llama");
    expect(readFileSync(join(modelsFolder, "dropped.gguf")).subarray(0, header.byteLength).equals(header)).toBe(true);
    expect(statSync(join(modelsFolder, "dropped.gguf")).size).toBe(fileBytes);
    await models.drop("page.gguf", Buffer.from("<!doctype html>"), 20_000_000);
    await expect(page.getByRole("alert").filter({ hasText: "NOT_GGUF" })).toBeVisible();
    await models.drop("dropped.gguf", header);
    await expect(page.getByText("There is a file dropped.gguf in the models folder already")).toBeVisible();
    await expect.poll(() => readdirSync(modelsFolder)).toEqual(["dropped.gguf"]);
  });

  test("an address leads to the download, and a repository to the fit of its files", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env());
    const models = new ModelsPage(page);
    await models.open(url);
    await models.add("hf:owner/one-GGUF/none.gguf");
    await expect(models.field).toHaveAccessibleDescription(/none\.gguf/);
    await models.addAnother("ollama run hf.co/owner/one-GGUF:Q4_0");
    await models.dialog.getByRole("button", { name: "Download one-Q4_0.gguf" }).click();
    await expect(models.dialog.getByRole("button", { name: "Chat with owner/one-GGUF/one-Q4_0.gguf" })).toBeVisible();
    await models.addAnother("owner/one-GGUF");
    await expect(page.getByRole("tab", { name: "Search the hub" })).toHaveAttribute("aria-selected", "true");
    await expect(page.getByRole("list", { name: "Files of owner/one-GGUF" }).getByRole("listitem")).toHaveCount(2);
    await page.getByRole("tab", { name: /On this computer/ }).click();
    await expect(models.row("owner/one-GGUF/one-Q4_0.gguf")).toBeVisible();
  });
});
