import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";

const goodModel = "SmolLM2-135M-Instruct.Q4_1.gguf";

/** A models folder with one good file, and files that are broken in every known way. */
function modelsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "headroom-models-"));
  copyFileSync(join("models", goodModel), join(folder, goodModel));
  copyFileSync(join("models", goodModel), join(folder, "half.gguf"));
  truncateSync(join(folder, "half.gguf"), 40_000_000);
  writeFileSync(join(folder, "page.gguf"), "<!doctype html><html><body>Sign in to download</body></html>");
  return folder;
}

test.describe("a model file that cannot be used", () => {
  const folder = modelsFolder();
  test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [file, code] of [
    ["missing.gguf", "MODEL_NOT_FOUND"],
    ["half.gguf", "CORRUPT_MODEL"],
    ["page.gguf", "NOT_GGUF"],
  ] as const)
    test(`G1 ${file} is refused with ${code} in the page and in the API, and the other screens work`, async ({
      page,
      ownServer,
    }) => {
      const server = await ownServer({ HEADROOM_MODELS_DIR: folder }, { MODEL: file });
      const refused = await page.request.post(`${server.url}/api/engine/load`, {
        data: {},
        headers: { Origin: server.url },
      });
      expect((await refused.json()).error?.code).toBe(code);
      const readEngine = async () => (await (await page.request.get(`${server.url}/api/engine`)).json()).engine;
      // The load at the server's start may still be looking at the file.
      await expect.poll(async () => (await readEngine()).error?.code).toBe(code);
      const engine = await readEngine();

      const chat = new ChatPage(page);
      await page.goto(server.url);
      await chat.say("Hello?");
      await expect(page.getByText(engine.error.message).first()).toBeVisible();
      await page.goto(`${server.url}/models`);
      await expect(page.getByText(goodModel).first()).toBeVisible();
      expect((await page.request.get(`${server.url}/api/health`)).status()).toBe(200);
    });
});
