import { endlessChat } from "./endless-chat";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";

test("two chats are answered side by side, and a program beside them", async ({ page, context, ownServer }) => {
  const { url } = await ownServer({}, { PARALLEL: "auto" });
  const first = new ChatPage(page);
  await first.open(await endlessChat(page.request, url, 400), url);
  await first.say("Begin.");
  await first.replyBegun();
  const second = new ChatPage(await context.newPage());
  await second.open(await endlessChat(page.request, url, 400), url);
  await second.say("Begin.");
  await second.replyBegun();
  const answer = await page.request.post(`${url}/v1/chat/completions`, {
    data: { messages: [{ role: "user", content: "Name a river." }], max_tokens: 5 },
  });
  expect((await answer.json()).usage.completion_tokens).toBe(5);
  // Both are still written: neither waited for the other.
  await expect(second.stop).toBeVisible();
  await second.stop.click();
  await page.bringToFront();
  await expect(first.stop).toBeVisible();
  await first.stop.click();
  await first.replyFinished();
});
