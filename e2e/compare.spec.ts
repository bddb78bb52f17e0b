import { copyFileSync, linkSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { APIRequestContext } from "@playwright/test";
import { axeViolations, axeViolationsInLightAndDark } from "./axe-violations";
import { expect, type RunningServer, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { ComparePage } from "./pages/compare-page";
import { ModelsPage } from "./pages/models-page";

const FIRST = "SmolLM2-135M-Instruct.Q4_1.gguf";
const SECOND = "second.gguf";
/** At temperature 0 the bundled model counts on for more than 1,500 tokens. */
const LONG = "List the numbers from 1 to 1000, separated by commas.";

const loadedModel = async (request: APIRequestContext, { url }: RunningServer): Promise<string | null> => {
  const { engine } = await (await request.get(`${url}/api/engine`)).json();
  return engine.config === null ? null : engine.modelName;
};

test.describe("models side by side", () => {
  const folder = mkdtempSync(join(tmpdir(), "headroom-compare-"));
  copyFileSync(join("models", FIRST), join(folder, FIRST));
  linkSync(join(folder, FIRST), join(folder, SECOND));
  test.afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const env = { HEADROOM_MODELS_DIR: folder };

  test("have plans at once, answer one after the other, and what was loaded before comes back", async ({
    page,
    request,
    sharedServer,
  }) => {
    test.setTimeout(240_000);
    const server = await sharedServer(env);
    const chat = new ChatPage(page);
    await chat.open(undefined, server.url);
    await chat.options({ longestReply: 8 });
    await chat.ask("Say hello.");
    expect(await loadedModel(request, server)).toBe(FIRST);

    const models = new ModelsPage(page);
    await models.open(server.url);
    await models.menu(SECOND, "Compare");
    await expect(page.getByRole("tab", { name: "Compare" })).toHaveAttribute("aria-selected", "true");
    const compare = new ComparePage(page);
    // The model in use stands beside it.
    await expect(compare.columns).toHaveCount(2);
    for (const model of [SECOND, FIRST]) {
      await expect(compare.column(model)).toContainText("all 31 on the CPU");
      await expect(compare.column(model)).toContainText(/Predicted.* tokens\/s/);
    }
    expect(await axeViolations(page)).toEqual([]);

    await compare.askAll.click();
    await expect(page.getByText("There is no question yet: write what the models are to be asked.")).toBeVisible();
    await compare.ask("Say hello.", 24);
    await expect(compare.status).toHaveText(/^[12] of 2: .* (is being loaded|answers)\.$/);
    await compare.finished();
    for (const model of [SECOND, FIRST]) {
      await expect(compare.answer(model)).toContainText(/\w{2,}/);
      await expect(compare.column(model)).toContainText(/Measured.* tokens\/s/);
      await expect(compare.column(model)).toContainText(/First tokenafter .* s/);
    }
    await expect(compare.status).toHaveText(/wrote (fastest|equally fast)/);
    expect(await loadedModel(request, server)).toBe(FIRST);
    expect(await axeViolations(page)).toEqual([]);

    // The address leads here again, and the answers are still there.
    const { search } = new URL(page.url());
    expect(new URLSearchParams(search).getAll("model")).toEqual([SECOND, FIRST]);
    const answer = await compare.answer(FIRST).textContent();
    await page.reload();
    await expect(compare.answer(FIRST)).toHaveText(answer ?? "");
  });

  test("a model that is not there, and a question too long for one of them, stop nobody else", async ({
    page,
    request,
    sharedServer,
  }) => {
    test.setTimeout(240_000);
    const server = await sharedServer(env);
    const compare = new ComparePage(page);
    await compare.open([SECOND, SECOND], server.url);
    await expect(page.getByText(`${SECOND} is chosen twice: choose another model`)).toBeVisible();
    await compare.open([FIRST, SECOND, "a.gguf", "b.gguf"], server.url);
    await expect(page.getByText("4 models are chosen, and at most 3 are compared: leave one out.")).toBeVisible();
    await page.getByRole("button", { name: "Leave out b.gguf" }).click();
    await expect(page.getByText("4 models are chosen")).toBeHidden();
    await expect(compare.column("a.gguf")).toContainText(/There is no .*a\.gguf/);

    const patch = await request.patch(`${server.url}/api/settings?scope=model`, {
      data: { MODEL: SECOND, N_CTX: 512 },
      headers: { "content-type": "application/json" },
    });
    expect(patch.ok()).toBe(true);
    await expect(compare.column(SECOND)).toContainText("512 tokens");
    await compare.ask(`${"Hello there, my friend. ".repeat(120)}How are you?`, 16);
    await compare.finished();
    await expect(compare.answer(FIRST)).toContainText(/\w{2,}/);
    await expect(compare.answer(SECOND)).toContainText(
      /The question takes \d+ tokens and this model's context holds 512\. Shorten the question/,
    );
    await expect(compare.answer("a.gguf")).toContainText(/There is no .*a\.gguf.*MODEL_NOT_FOUND/);
  });

  test("go on when the page closes, and stop when told to", async ({ page, request, ownServer }) => {
    test.setTimeout(240_000);
    const server = await ownServer(env, { TEMPERATURE: 0 });
    const compare = new ComparePage(page);
    await compare.open([FIRST, SECOND], server.url);
    await compare.ask(LONG, 2000);
    await expect(compare.answer(FIRST)).toContainText(/\w{2,}/, { timeout: 60_000 });
    await page.goto("about:blank");
    await compare.open([], server.url);
    const words = async () => (await compare.columns.allTextContents()).join();
    const before = await words();
    await expect.poll(words).not.toBe(before);
    await compare.stop.click();
    await compare.finished();
    await expect(page.getByText(/^(Stopped by you|Not asked: it was stopped before)\.$/).first()).toBeVisible();
    expect(await loadedModel(request, server)).not.toBe(SECOND);
  });

  test("are a list on a phone, in both themes", async ({ page, sharedServer }) => {
    const server = await sharedServer(env);
    const compare = new ComparePage(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await compare.open([FIRST, SECOND], server.url);
    await expect(compare.columns).toHaveCount(2);
    await expect(compare.column(SECOND)).toContainText("all 31 on the CPU");
    const [first, second] = await Promise.all([FIRST, SECOND].map(model => compare.column(model).boundingBox()));
    expect(second?.x).toBe(first?.x);
    expect(second?.y).toBeGreaterThan((first?.y ?? 0) + (first?.height ?? 0));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await axeViolationsInLightAndDark(page)).toEqual([]);
  });
});
