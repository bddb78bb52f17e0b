import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { expect, hasSoftwareGpu, type RunningServer, softwareGpuEnv, test } from "./fixtures";
import { importedChat } from "./imported-chat";
import { ChatPage } from "./pages/chat-page";

/** Counting waits for the model. */
const COUNT_LIMIT_MS = 60_000;

const words = (count: number): string => Array(count).fill("river").join(" ");

const ways = (page: Page) => page.getByRole("list", { name: "Ways to make it fit" });
const enlarge = (page: Page) => page.getByRole("button", { name: /^Enlarge the context to/ });

const savedSettings = ({ home }: RunningServer) => JSON.parse(readFileSync(join(home, "modelconf.json"), "utf8"));

/** The end of the refused attempt was reported as well, so only words count as an answer. */
const answered = (chat: ChatPage) =>
  expect.poll(() => chat.textOf(chat.replies.last()), { timeout: COUNT_LIMIT_MS }).not.toBe("");

/** After hundreds of equal words the model tends to answer nothing. */
const talkative = (page: Page, url: string, id: string) =>
  page.request.patch(`${url}/api/chats/${id}`, {
    data: { sampling: { grammar: 'root ::= ("river " | "stone ") root', maxTokens: 12 } },
  });

/** This loads the model: tokens are not counted before. */
const load = (page: Page, url: string) => page.request.post(`${url}/api/engine/reload`, { data: {} });

test("a text that the model was never trained for is offered no larger context, and the meter says first what is too much", async ({
  page,
  sharedServer,
}) => {
  const { url } = await sharedServer();
  await load(page, url);
  const chat = new ChatPage(page);
  await chat.open(undefined, url);
  const text = "The river runs over the stones. ".repeat(6500);
  await chat.attach([{ name: "river.txt", mimeType: "text/plain", buffer: Buffer.from(text) }]);
  const meter = page.getByRole("button", { name: /tokens too many.* of 4,096 tokens/ });
  await expect(meter).toBeVisible({ timeout: COUNT_LIMIT_MS });
  await expect(
    page.getByText(/tokens too many\. This message alone needs .* and the context holds 4,096/),
  ).toBeVisible();
  // SmolLM2 135M's own header: llama.context_length 8192.
  await expect(ways(page)).toContainText("was trained for 8,192 tokens");
  await expect(enlarge(page)).toHaveCount(0);
  await meter.click();
  await expect(page.getByText(/^The KV cache holds 90 MiB; this conversation would need \d/)).toBeVisible();
  const red = await page.getByText(/^[\d,]+ tokens too many$/).evaluate(element => getComputedStyle(element).color);
  expect(red).toBe(
    await page.getByText("Too many", { exact: true }).evaluate(element => getComputedStyle(element).color),
  );
  await expect(chat.send).toBeDisabled();
});

test("a larger context says what it costs, is this model's alone, and answers what waited for it", async ({
  page,
  sharedServer,
}) => {
  const server = await sharedServer();
  await page.request.patch(`${server.url}/api/settings`, { data: { N_CTX: 512, MAX_TOKENS: 12 } });
  await load(page, server.url);
  const id = await importedChat(page.request, "Waits", [words(300), "Yes."], server.url);
  await talkative(page, server.url, id);
  const chat = new ChatPage(page);
  await chat.open(id, server.url);
  await chat.say(words(250));
  const refused = chat.replies.last();
  await expect(refused).toContainText("Not answered: it did not fit the context.", { timeout: COUNT_LIMIT_MS });
  await expect(ways(page)).toHaveCount(1, { timeout: COUNT_LIMIT_MS });
  await expect(
    page.getByText(/The answer needs \d+ tokens with room for a reply, and the context holds 512/),
  ).toBeVisible();
  for (const action of ["Copy", "Regenerate", "Edit", "Try again"])
    await expect(refused.getByRole("button", { name: action, exact: true })).toHaveCount(0);
  const choices = ways(page).getByRole("listitem");
  await expect(choices).toHaveCount(3);
  await expect(choices.nth(0)).toContainText(/^Leave out the oldest 2 messagesThe model no longer sees 3\d\d tokens/);
  await expect(choices.nth(1)).toContainText(/^Summarise the oldest 2 messagesReads 3\d\d tokens and writes up to 12 /);
  // 30 layers, 3 KV heads of 64, K and V, 2 bytes: 22.5 KiB a token: 11.25 MiB at 512 tokens, 22.5 at 1,024.
  await expect(choices.nth(2)).toContainText(/^Enlarge the context to 1,024KV cache11 MiB → 23 MiB/);
  await expect(choices.nth(2)).toContainText("Only for this model. Makes a new context; the weights stay.");
  await enlarge(page).click();
  await answered(chat);
  await expect(chat.replies).toHaveCount(2);
  await expect(ways(page)).toHaveCount(0);
  const saved = savedSettings(server);
  expect(saved.MODELS).toEqual({ [DEFAULT_MODEL]: { N_CTX: 1024 } });
  expect(saved.N_CTX).toBe(512);
  const other = await page.request.get(`${server.url}/api/settings?MODEL=another.gguf`);
  expect((await other.json()).settings.N_CTX).toBe(512);
});

test("a refused message keeps its place, and is answered without the oldest ones where that is chosen", async ({
  page,
  ownServer,
}) => {
  const server = await ownServer();
  await page.request.patch(`${server.url}/api/settings`, { data: { N_CTX: 512, MAX_TOKENS: 12 } });
  const id = await importedChat(page.request, "Too long", [words(400), "Yes.", "Short.", "Fine."], server.url);
  await talkative(page, server.url, id);
  const chat = new ChatPage(page);
  await chat.open(id, server.url);
  await chat.say(words(150));
  await page.getByRole("button", { name: /^Leave out the oldest \d messages$/ }).click({ timeout: COUNT_LIMIT_MS });
  await answered(chat);
  await expect(page.getByText(/The context was full: \d earlier messages left out/)).toBeVisible();
});

test("a choice made before sending is for that answer, and can be taken back", async ({ page, sharedServer }) => {
  const server = await sharedServer();
  await page.request.patch(`${server.url}/api/settings`, { data: { N_CTX: 512, MAX_TOKENS: 12 } });
  await load(page, server.url);
  const id = await importedChat(page.request, "Before", [words(350), "Yes.", words(150), "No."], server.url);
  const chat = new ChatPage(page);
  await chat.open(id, server.url);
  await chat.message.fill("And then?");
  const leaveOut = page.getByRole("button", { name: "Leave out the oldest 2 messages" });
  await leaveOut.click({ timeout: COUNT_LIMIT_MS });
  await expect(page.getByText("The oldest 2 messages will be left out of the next answer.")).toBeVisible();
  await page.getByRole("button", { name: "Choose again" }).click();
  await leaveOut.click();
  await chat.message.press("Enter");
  await expect(page.getByText(/The context was full: 2 earlier messages left out/)).toBeVisible({
    timeout: COUNT_LIMIT_MS,
  });
  await chat.replyFinished();
  const tree = await (await page.request.get(`${server.url}/api/chats/${id}`)).json();
  expect(tree.chat.overflow).toBe("ask");
});

test.describe("on a card", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");

  test("the layers that a larger context takes from the GPU are said before it is paid", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer({ ...softwareGpuEnv });
    await page.request.patch(`${url}/api/settings`, { data: { TARGET_VRAM_USAGE: 0.2 } });
    await load(page, url);
    const id = await importedChat(page.request, "On a card", [words(3000), "Yes.", words(1500), "No."], url);
    const chat = new ChatPage(page);
    await chat.open(id, url);
    await chat.message.fill("And then?");
    await expect(enlarge(page)).toHaveText("Enlarge the context to 8,192", { timeout: COUNT_LIMIT_MS });
    const cost = ways(page).getByRole("listitem").last();
    const layers = /(\d+) of 31 layers/.exec((await page.getByRole("banner").textContent()) ?? "")?.[1] ?? "";
    await expect(cost).toContainText(new RegExp(`Layers on the GPU${layers} → \\d+`));
    await expect(cost).toContainText("KV cache90 MiB → 180 MiB");
    await expect(cost).toContainText("Only for this model. Reloads the model");
    const layersSaid = async () => /Layers on the GPU\d+ → (\d+)/.exec((await cost.textContent()) ?? "")?.[1];
    const isConfirmed = async () => {
      const { surface } = await (await page.request.get(`${url}/api/surface`)).json();
      const said = Number(await layersSaid());
      return (surface.confirmed ?? []).some(
        (point: { contextTokens: number; gpuLayers: number }) =>
          point.contextTokens === 8192 && point.gpuLayers === said,
      );
    };
    await expect.poll(isConfirmed, { timeout: COUNT_LIMIT_MS }).toBe(true);
    const said = await layersSaid();
    await enlarge(page).click();
    await expect(page.getByRole("banner")).toContainText(`${said} of 31 layers on GPU`, { timeout: COUNT_LIMIT_MS });
  });
});
