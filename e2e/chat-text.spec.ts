import type { Locator } from "@playwright/test";
import { expect, test } from "./fixtures";
import { importedChat } from "./imported-chat";
import { ChatPage } from "./pages/chat-page";

/** A key as a browser reports it during input method composition. */
const press = (field: Locator, key: string, report: { isComposing: boolean; keyCode: number }): Promise<void> =>
  field.evaluate(
    (element, { key, isComposing, keyCode }) => {
      const event = new KeyboardEvent("keydown", { key, isComposing, keyCode, bubbles: true, cancelable: true });
      element.dispatchEvent(event);
    },
    { key, ...report },
  );

/** First as Chrome and Firefox report it, then as Safari does: there the composition ends before its Enter is reported. */
const reports = [
  { isComposing: true, keyCode: 229 },
  { isComposing: false, keyCode: 229 },
];

test.describe("U11 while an input method composes", () => {
  test("Enter sends nothing and Escape leaves nothing, in each field", async ({ page, request }) => {
    const id = await importedChat(request, "Composing", ["A question", "An answer"]);
    const chat = new ChatPage(page);
    await chat.open(id);
    await chat.message.fill("にほん");
    for (const report of reports) await press(chat.message, "Enter", report);
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.message).toHaveValue("にほん");
    await chat.message.fill("");

    await page.getByRole("button", { name: "Edit" }).first().click();
    const editor = page.getByRole("textbox", { name: "Edit message" });
    for (const report of reports) await press(editor, "Escape", report);
    await expect(editor).toBeVisible();
    await editor.press("Escape");
    await expect(editor).toHaveCount(0);

    await page.keyboard.press("Control+k");
    const palette = page.getByRole("combobox", { name: "Search chats and commands" });
    await palette.fill("new chat");
    for (const report of reports) await press(palette, "Enter", report);
    await expect(palette).toBeVisible();
    await page.keyboard.press("Escape");

    await chat.rowAction("Composing", "Rename");
    const title = page.getByRole("textbox", { name: "Title" });
    for (const key of ["Enter", "Escape"]) for (const report of reports) await press(title, key, report);
    await expect(title).toBeVisible();
    await title.fill("作曲");
    await title.press("Enter");
    await expect(page.getByRole("link", { name: "作曲" })).toBeVisible();
  });
});

test.describe("U10 what the model wrote", () => {
  test("is shown and copied byte for byte where it is code, and math is found beside it", async ({
    page,
    context,
    request,
  }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const answer = [
      "Prices: $5 and $10, $AAPL,$MSFT. Let $x^2$ be.",
      "",
      "    echo $x$",
      "",
      "```sh",
      "echo $a$b ``` $$c$$",
      "```",
      "",
      "\\[ a = b \\]",
    ].join("\n");
    const id = await importedChat(request, "Dollars", ["Show me dollars", answer]);
    const chat = new ChatPage(page);
    await chat.open(id);
    const reply = chat.replies.first();
    await expect(reply.locator("pre code").first()).toHaveText("echo $x$");
    await expect(reply.locator("pre code").nth(1)).toHaveText("echo $a$b ``` $$c$$");
    await expect(reply.locator("p").first()).toContainText("Prices: $5 and $10, $AAPL,$MSFT. Let ");
    await expect(reply.locator(".katex, math")).not.toHaveCount(0);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await reply.locator("figure").first().getByRole("button", { name: "Copy" }).click();
    await expect.poll(copied).toBe("echo $x$");
    await reply.locator("figure").nth(1).getByRole("button", { name: "Copy" }).click();
    await expect.poll(copied).toBe("echo $a$b ``` $$c$$");
    await reply.getByRole("button", { name: "Copy", exact: true }).last().click();
    await expect.poll(copied).toBe(answer);
  });

  test("has emphasis beside Chinese and Japanese, and its direction from its words", async ({ page, request }) => {
    const id = await importedChat(request, "שלום עולם", ["שלום, מה שלומך?", "**重要。**次に ~~削除（済）~~です"]);
    const chat = new ChatPage(page);
    await chat.open(id);
    const reply = chat.replies.first();
    await expect(reply.locator("strong")).toHaveText("重要。");
    await expect(reply.locator("del")).toHaveText("削除（済）");
    await expect(reply).not.toContainText("**");
    const directionOf = (locator: Locator) => locator.evaluate(element => getComputedStyle(element).direction);
    expect(await directionOf(page.getByText("שלום, מה שלומך?"))).toBe("rtl");
    expect(await directionOf(page.getByRole("link", { name: "שלום עולם" }))).toBe("rtl");
    await chat.message.fill("שלום");
    expect(await directionOf(chat.message)).toBe("rtl");
    await chat.message.fill("Hello");
    expect(await directionOf(chat.message)).toBe("ltr");
    await chat.message.fill("");
  });
});

test("N9 a second request has its headers and a sign of life while the first answer is still written", async ({
  server,
}) => {
  const ask = (maxTokens: number) =>
    fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        messages: [{ role: "user", content: "Tell me a long story about a ship." }],
        stream: true,
        max_tokens: maxTokens,
        temperature: 0,
      }),
    });
  const textOf = async (response: Response) => (await response.text()).split("\n").filter(line => line !== "");
  const first = await ask(300);
  let isFirstDone = false;
  const firstText = textOf(first).finally(() => {
    isFirstDone = true;
  });
  await new Promise(resolve => setTimeout(resolve, 500));
  const second = await ask(5);
  expect([second.status, second.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
  expect(isFirstDone).toBe(false);
  const lines = await textOf(second);
  // A comment: its place in the queue, or that the server is there.
  expect(lines[0]).toMatch(/^: /);
  expect(lines.at(-1)).toBe("data: [DONE]");
  expect((await firstText).at(-1)).toBe("data: [DONE]");
});
