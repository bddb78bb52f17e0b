import { copyFileSync, linkSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIRST_LOAD_GOAL_BYTES, readFirstLoad } from "./first-load";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";

const first = "SmolLM2-135M-Instruct.Q4_1.gguf";
const second = "second.gguf";

test.describe("the model picker", () => {
  const folder = mkdtempSync(join(tmpdir(), "headroom-picker-"));
  copyFileSync(join("models", first), join(folder, first));
  linkSync(join(folder, first), join(folder, second));
  test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("a model is found by its name and loaded by keyboard, a chat offers the one that answered last, and the page follows a program that names another", async ({
    page,
    ownServer,
  }) => {
    test.setTimeout(240_000);
    const server = await ownServer({ HEADROOM_MODELS_DIR: folder });
    await server.kill("SIGTERM");
    writeFileSync(join(server.home, "modelconf.json"), JSON.stringify({ MODEL: first }));
    await server.restart();
    expect((await readFirstLoad(server.url)).gzippedBytes).toBeLessThanOrEqual(FIRST_LOAD_GOAL_BYTES);
    const chat = new ChatPage(page);
    await chat.open(undefined, server.url);
    await chat.options({ longestReply: 16 });
    await chat.ask("Say hello.");

    const picker = page.getByRole("dialog", { name: "Choose a model" });
    await page
      .locator("form")
      .getByRole("button", { name: /^Model: SmolLM2/ })
      .click();
    await expect(picker.getByRole("option")).toHaveCount(2);
    await expect(picker.getByRole("option").first()).toContainText(/SmolLM2.*In use/);
    await picker.getByRole("combobox", { name: "Search models" }).fill("sec");
    await expect(picker.getByRole("option")).toHaveCount(1);
    await page.keyboard.press("Enter");
    await expect(picker).toBeHidden();
    await expect(page.getByRole("banner").getByRole("button", { name: "Model: second" })).toBeVisible();
    await expect(page.getByText("second is the default model now: the next start loads it.")).toBeVisible({
      timeout: 60_000,
    });

    await expect(page.getByText(`Last answered by ${first}.`)).toBeVisible({ timeout: 60_000 });
    await page.getByRole("button", { name: `Load ${first} again: unloads ${second}` }).click();
    await expect(page.getByText(`Last answered by ${first}.`)).toBeHidden({ timeout: 60_000 });

    const question = { model: second, messages: [{ role: "user", content: "Say hello." }], max_tokens: 2 };
    const answer = await page.request.post(`${server.url}/v1/chat/completions`, { data: question });
    expect(await answer.json()).toMatchObject({ model: second });
    await expect(page.getByRole("banner").getByRole("button", { name: "Model: second" })).toBeVisible();
    await expect(page.getByText(`Last answered by ${first}.`)).toBeVisible();
  });

  // A server's first list waits for the engine's device and for the speed of memory, and for longer while a model loads.
  test("says that it reads while the list is on its way", async ({ page, sharedServer }) => {
    const server = await sharedServer({ HEADROOM_MODELS_DIR: folder });
    let answer = () => {};
    const isAsked = new Promise<void>(resolve => {
      answer = resolve;
    });
    await page.route("**/api/models", async route => {
      await isAsked;
      await route.continue();
    });
    const chat = new ChatPage(page);
    await chat.open(undefined, server.url);
    await page
      .locator("form")
      .getByRole("button", { name: /^Model: / })
      .click();
    const picker = page.getByRole("dialog", { name: "Choose a model" });
    await expect(picker.getByRole("status")).toHaveText("Reading the models of this computer…");
    answer();
    await expect(picker.getByRole("option")).toHaveCount(2);
    await expect(picker.getByRole("status")).toBeHidden();
    await picker.getByRole("combobox", { name: "Search models" }).fill("no such model");
    await expect(picker.getByRole("status")).toHaveText("No model matches that.");
  });
});
