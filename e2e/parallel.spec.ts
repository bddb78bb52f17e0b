import type { BrowserContext } from "@playwright/test";
import { endlessChat } from "./endless-chat";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { DashboardPage } from "./pages/dashboard-page";

const WORDS = 'root ::= ("river " | "stone " | "cloud ") root';

/** A program that reads an answer of this many tokens as a stream. Its text grows as it comes. */
function askOverApi(url: string, maxTokens: number) {
  const client = { text: "", ended: Promise.resolve() };
  const read = async () => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        messages: [{ role: "user", content: "Begin." }],
        grammar: WORDS,
        max_tokens: maxTokens,
        stream: true,
      }),
    });
    expect(response.status).toBe(200);
    const pieces = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await pieces?.read(); piece && !piece.done; piece = await pieces?.read())
      client.text += piece.value;
  };
  client.ended = read();
  return client;
}

async function openChat(context: BrowserContext, url: string, maxTokens?: number): Promise<ChatPage> {
  const chat = new ChatPage(await context.newPage());
  await chat.open(await endlessChat(context.request, url, maxTokens), url);
  return chat;
}

test("two chats and a program are answered at the same time, the next ones wait in one queue, and a stop frees a place", async ({
  browser,
  context,
  ownServer,
}) => {
  const { url } = await ownServer({}, { PARALLEL: 3 });
  const [first, second] = [await openChat(context, url, 3000), await openChat(context, url, 350)];
  // In another browser: one opens at most six connections to a server, and these tabs are all visible and answering.
  const elsewhere = await browser.newContext();
  const [third, fourth] = [await openChat(elsewhere, url, 20), await openChat(elsewhere, url, 20)];
  await first.say("Begin.");
  await second.say("Begin.");
  const client = askOverApi(url, 350);
  const texts = async () => [
    await first.textOf(first.replies.last()),
    await second.textOf(second.replies.last()),
    client.text,
  ];
  await expect
    .poll(async () => Math.min(...(await texts()).map(text => text.length)), { timeout: 60_000 })
    .toBeGreaterThan(50);
  const before = await texts();
  await expect
    .poll(async () => (await texts()).map((text, index) => text.length > (before[index]?.length ?? 0)), {
      timeout: 60_000,
    })
    .toEqual([true, true, true]);
  await third.say("Begin.");
  await expect(third.page.getByText("Waiting: place 1 in the queue")).toBeVisible();
  await fourth.say("Begin.");
  await expect(fourth.page.getByText("Waiting: place 2 in the queue")).toBeVisible();

  await fourth.page.reload();
  await expect(fourth.page.getByText("Waiting: place 2 in the queue")).toBeVisible();
  await first.stop.click();
  await expect(first.page.getByText("Stopped.")).toBeVisible();
  await third.replyFinished();
  await fourth.replyFinished();
  await second.replyFinished();
  await client.ended;
  expect(client.text).toContain("[DONE]");
  for (const chat of [second, third, fourth]) {
    await expect(chat.replies).toHaveCount(1);
    expect((await chat.textOf(chat.replies.last())).length).toBeGreaterThan(0);
  }
  await elsewhere.close();
});

test("the dashboard says what each answer at once costs, and follows a change before it is applied", async ({
  page,
  ownServer,
}) => {
  const { url } = await ownServer({}, { PARALLEL: "auto" });
  const dashboard = new DashboardPage(page);
  await dashboard.open(url);
  // SmolLM2 135M: 30 layers of 3 KV heads of 64, K and V, 2 bytes, 4,096 tokens = 90 MiB. Auto takes four of them on the CPU.
  const why = page.getByRole("region", { name: "Why this many layers" });
  await expect(why).toContainText("KV cache for 4 answers at once, each of 4,096 tokens, 360 MiB (90 MiB each)");
  await expect(page.getByText("KV cache of 4 answers at once, 90.0 MiB each")).toBeVisible();
  await expect(page.getByText("one answer (4 at once are planned)")).toBeVisible();
  await dashboard.type("Answers at once", "2");
  await expect(why).toContainText("KV cache for 2 answers at once, each of 4,096 tokens, 180 MiB (90 MiB each)");
  await expect(page.getByText(/^2 × 4,096 tokens, all 31 layers/)).toBeVisible();
  await expect(dashboard.apply).toBeVisible();
});
