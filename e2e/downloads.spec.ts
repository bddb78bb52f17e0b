import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { APIRequestContext } from "@playwright/test";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { MIB } from "@/lib/units/bytes";
import { axeViolations } from "./axe-violations";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { HubPage } from "./pages/hub-page";

const FILE = "SmolLM2-135M-Instruct.Q4_1.gguf";
const SOURCE = `hf:owner/repo/${FILE}`;

test.describe("a model from the hub", () => {
  let hub: StandInHub;
  let modelsFolder: string;
  const bytes = readFileSync(join("models", FILE));
  let env: Record<string, string>;
  test.beforeAll(async () => {
    hub = await StandInHub.start();
    modelsFolder = join(mkdtempSync(join(tmpdir(), "headroom-e2e-models-")), "models");
    mkdirSync(modelsFolder);
    env = { HF_ENDPOINT: hub.origin, HEADROOM_MODELS_DIR: modelsFolder };
  });
  test.beforeEach(() => {
    rmSync(join(modelsFolder, "owner"), { recursive: true, force: true });
    hub.serve(`/owner/repo/resolve/main/${FILE}`, { start: bytes, fileBytes: bytes.byteLength });
  });
  test.afterAll(async () => {
    await hub.stop();
    rmSync(join(modelsFolder, ".."), { recursive: true, force: true });
  });

  const limit = (request: APIRequestContext, url: string, bytesPerSecondLimit: number | null) =>
    request.patch(`${url}/api/downloads`, { data: { bytesPerSecondLimit } });
  const get = (request: APIRequestContext, url: string) =>
    request.post(`${url}/api/downloads`, { data: { source: SOURCE } });

  test("is fetched while one chats, survives pause and restart, and answers with one press", async ({
    page,
    request,
    ownServer,
  }) => {
    test.setTimeout(180_000);
    const server = await ownServer(env);
    const { url } = server;
    const chat = new ChatPage(page);
    await chat.open(undefined, url);
    expect((await limit(request, url, 2 * MIB)).ok()).toBe(true);
    expect((await get(request, url)).ok()).toBe(true);

    const progress = page.getByRole("link", { name: new RegExp(`^Downloads: ${FILE}`) });
    await expect(progress).toHaveAccessibleName(/, [1-9] %, .* MiB\/s · .* left/);
    await progress.click();
    await expect(page.getByRole("tab", { name: "Downloads · 1" })).toHaveAttribute("aria-selected", "true");
    await page.getByRole("button", { name: `Pause ${FILE}` }).click();
    await expect(page.getByRole("button", { name: `Resume ${FILE}` })).toBeVisible();
    expect(await axeViolations(page)).toEqual([]);
    // Half a file is no model.
    await page.getByRole("tab", { name: /^On this computer/ }).click();
    await expect(page.getByText("There is no model yet")).toBeVisible();

    await server.kill("SIGKILL");
    await server.restart();
    await page.goto(`${url}/models?tab=downloads`);
    await page.getByRole("button", { name: `Resume ${FILE}` }).click();
    await expect(page.getByRole("progressbar", { name: `Download of ${FILE}` })).toHaveAttribute(
      "aria-valuetext",
      /left/,
    );
    await server.kill("SIGKILL");
    await server.restart();
    // It goes on by itself, and the page finds the server again.
    await limit(request, url, null);
    const done = chat.notifications.getByText(`${FILE} is here`);
    await expect(done).toBeVisible({ timeout: 60_000 });
    expect(readFileSync(join(modelsFolder, "owner/repo", FILE)).equals(readFileSync(join("models", FILE)))).toBe(true);
    expect(readdirSync(modelsFolder)).toEqual(["owner"]);

    await chat.notifications.getByRole("button", { name: "Load now" }).click();
    await expect(page).toHaveURL(`${url}/`);
    await chat.message.fill("Say hello.");
    await chat.send.click();
    await expect(chat.replies.last()).toContainText(/\w{2,}/, { timeout: 120_000 });
  });

  test("waits as the hub says, and says where to ask for a gated one", async ({ page, request, sharedServer }) => {
    const { url } = await sharedServer(env);
    const path = `/owner/repo/resolve/main/${FILE}`;
    hub.serve(path, (_, response) => response.writeHead(429, { "retry-after": "600" }).end());
    await page.goto(`${url}/models?tab=downloads`);
    await get(request, url);
    const row = page.getByRole("listitem").filter({ hasText: FILE });
    await expect(row).toContainText(/tries again at .*asks to wait: too many requests\. Nothing to do/);
    hub.serve(path, (_, response) => response.writeHead(401, { "x-error-code": "GatedRepo" }).end());
    await row.getByRole("button", { name: `Try now: ${FILE}` }).click();
    await expect(row).toContainText(/is gated or private\. Accept its terms at .*, set HF_TOKEN, restart/);
    await expect(row.getByRole("link")).toHaveAttribute("href", `${hub.origin}/owner/repo`);
    await row.getByRole("button", { name: `Take ${FILE} off the list` }).click();
    await expect.poll(() => readdirSync(modelsFolder)).toEqual([]);
  });

  test("that is cancelled leaves no file behind", async ({ page, request, sharedServer }) => {
    const { url } = await sharedServer(env);
    await limit(request, url, MIB);
    await get(request, url);
    await page.goto(`${url}/models?tab=downloads`);
    await expect(page.getByRole("button", { name: `Pause ${FILE}` })).toHaveText(/% · pause/);
    expect(readdirSync(modelsFolder)).toEqual([".downloads"]);
    await page.getByRole("button", { name: `Cancel ${FILE}` }).click();
    await expect(page.getByText("Nothing is being downloaded.")).toBeVisible();
    await expect.poll(() => readdirSync(modelsFolder)).toEqual([]);
    await limit(request, url, null);
  });

  test("that is damaged on the way is said to be, with the next step", async ({ page, request, sharedServer }) => {
    hub.serve(`/owner/repo/resolve/main/${FILE}`, (incoming, response) => {
      response.setHeader("x-linked-etag", `"${"0".repeat(64)}"`);
      hub.sendRange({ start: bytes, fileBytes: bytes.byteLength }, incoming.headers.range, response);
    });
    const { url } = await sharedServer(env);
    await page.goto(`${url}/models?tab=downloads`);
    await get(request, url);
    await expect(page.getByRole("listitem").filter({ hasText: FILE })).toContainText(
      /does not have the sha256 that the hub announced.*Try again/,
    );
    await page.getByRole("button", { name: `Take ${FILE} off the list` }).click();
    await expect.poll(() => readdirSync(modelsFolder)).toEqual([]);
  });

  test("is one download when two windows press at the same moment", async ({ page, context, sharedServer }) => {
    const { url } = await sharedServer(env);
    const { header, fileBytes } = shapeFile(modelShape("small-llama-2"));
    const sentBefore = hub.sentBytes;
    hub.serveRepository("owner/repo", {
      [FILE]: { start: bytes, fileBytes: bytes.byteLength },
      "other-Q8_0.gguf": { start: header, fileBytes },
    });
    const windows = [page, await context.newPage()];
    const press = windows.map(one => one.getByRole("button", { name: `Get ${FILE}` }));
    for (const one of windows) {
      await new HubPage(one).open(url);
      await new HubPage(one).search("owner/repo");
    }
    for (const button of press) await expect(button).toBeVisible();
    // Pressed without waiting: the first press takes the button away from the other window too.
    await Promise.all(press.map(button => button.dispatchEvent("click")));
    for (const one of windows)
      await expect(one.getByRole("tabpanel").getByRole("button", { name: /^Chat with .*Q4_1\.gguf/ })).toBeVisible();
    // Headers are read for the search and for the download; the weights come once.
    const { size } = statSync(join(modelsFolder, "owner/repo", FILE));
    expect(hub.sentBytes - sentBefore).toBeLessThan(1.5 * size);
    expect(readdirSync(modelsFolder)).toEqual(["owner"]);

    // Whoever deletes the file can fetch it again.
    rmSync(join(modelsFolder, "owner"), { recursive: true });
    for (const button of press) await expect(button).toBeVisible();
  });
});
