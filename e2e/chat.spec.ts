import { axeViolationsInLightAndDark } from "./axe-violations";
import { endlessChat } from "./endless-chat";
import { FIRST_LOAD_GOAL_BYTES, readFirstLoad } from "./first-load";
import { expect, test } from "./fixtures";
import { importedChat } from "./imported-chat";
import { ChatPage } from "./pages/chat-page";

test.describe("talking", () => {
  test("a message is answered, with its figures, and both are there after a reload", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open();
    await chat.options({ longestReply: 60 });
    await chat.ask("What is the capital of France?");
    const reply = await chat.textOf(chat.replies.last());
    expect(reply.length).toBeGreaterThan(0);
    await expect(page.getByRole("button", { name: /tokens\/s · first token .* tokens$/ })).toBeVisible();
    await expect(chat.row("What is the capital of France?")).toHaveAttribute("aria-current", "page");
    await page.reload();
    await expect(chat.questions).toHaveText(/What is the capital of France\?/);
    await expect.poll(() => chat.textOf(chat.replies.last())).toBe(reply);
  });

  test("the figures say how many prompt tokens came from the cache", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 12));
    await chat.ask("Tell me about rivers, stones, clouds, forests, villages and old stories in the mountains.");
    await chat.ask("And now some more.");
    await page
      .getByRole("button", { name: /tokens\/s/ })
      .last()
      .click();
    const prompt = await page.getByRole("definition").filter({ hasText: "from the cache" }).textContent();
    const [, promptTokens = 0, cachedTokens = 0] = (/^(\d+) tokens, (\d+) from/.exec(prompt ?? "") ?? []).map(Number);
    expect(cachedTokens).toBeGreaterThan(promptTokens / 2);
  });

  test("a stopped answer keeps its text and goes on from there", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request));
    await chat.say("Begin.");
    await chat.replyBegun();
    await chat.stop.click();
    await expect(page.getByText("Stopped.")).toBeVisible();
    await chat.options({ longestReply: 20 });
    const stopped = await chat.textOf(chat.replies.last());
    expect(stopped.length).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Continue" }).click();
    await chat.replyFinished();
    const continued = await chat.textOf(chat.replies.last());
    expect(continued.startsWith(stopped)).toBe(true);
    expect(continued.length).toBeGreaterThan(stopped.length);
    await expect(chat.replies).toHaveCount(1);
  });

  test("Escape stops, Shift+Enter breaks the line, and a draft survives a reload", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request));
    await chat.say("Begin.");
    await chat.replyBegun();
    await chat.message.press("Escape");
    await expect(page.getByText("Stopped.")).toBeVisible();
    await chat.message.pressSequentially("first line");
    await chat.message.press("Shift+Enter");
    await chat.message.pressSequentially("second line");
    await page.reload();
    await expect(chat.message).toHaveValue("first line\nsecond line");
    await expect(chat.questions).toHaveCount(1);
  });
});

test.describe("versions", () => {
  test("another answer stands beside the first, and arrows lead between them", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 12));
    await chat.ask("Begin.");
    await chat.options({ temperature: 1.9 });
    await page.getByRole("button", { name: "Regenerate" }).click();
    await expect(chat.replies.last().getByText("2 / 2")).toBeVisible();
    await chat.replyFinished();
    await page.getByRole("button", { name: "Version before" }).click();
    await expect(chat.replies.last().getByText("1 / 2")).toBeVisible();
    await page.reload();
    await expect(chat.replies.last().getByText("1 / 2")).toBeVisible();
  });

  test("an edited question opens a branch of its own, and the old one stays whole", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 12));
    await chat.ask("First question");
    await chat.ask("Second question");
    await chat.questions.first().getByRole("button", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Edit message" }).fill("Another beginning");
    await page.getByRole("button", { name: "Send" }).first().click();
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.questions).toHaveText(/Another beginning/);
    await chat.replyFinished();
    await chat.questions.first().getByRole("button", { name: "Version before" }).click();
    await expect(chat.questions).toHaveText([/First question/, /Second question/]);
  });

  test("an answer can be put into one's own words", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await importedChat(page.request, "To be edited", ["Who won?", "Nobody."]));
    await chat.replies.last().getByRole("button", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Edit message" }).fill("Everybody.");
    await page.getByRole("button", { name: "Save as new version" }).click();
    await expect(page.getByText("Written by you")).toBeVisible();
    expect(await chat.textOf(chat.replies.last())).toBe("Everybody.");
    await expect(chat.replies.last().getByText("2 / 2")).toBeVisible();
  });
});

test.describe("the list", () => {
  test("finds a chat by the words in it, and goes to the message", async ({ page }) => {
    const id = await importedChat(page.request, "Birds", ["Which bird?", "The quetzalcoatlus flies.", "Sure?", "Yes."]);
    const chat = new ChatPage(page);
    await chat.open();
    await chat.search.fill("quetzalcoat");
    await page.getByRole("button", { name: /Birds.*quetzalcoatlus/ }).click();
    await expect(page).toHaveURL(`/?chat=${id}`);
    await expect(chat.replies.first()).toBeFocused();
  });

  test("renames, pins and files chats", async ({ page }) => {
    await importedChat(page.request, "Old name", ["Hello", "Hi."]);
    const chat = new ChatPage(page);
    await chat.open();
    await chat.rowAction("Old name", "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("New name");
    await page.keyboard.press("Enter");
    await expect(chat.row("New name")).toBeVisible();
    await chat.rowAction("New name", "Pin");
    await expect(
      chat.list.getByRole("region", { name: "Pinned" }).getByRole("link", { name: "New name" }),
    ).toBeVisible();
    await chat.rowAction("New name", "Unpin");
    await chat.rowAction("New name", "Move to folder …");
    await page.getByRole("textbox", { name: "New folder" }).fill("Letters");
    await page.getByRole("button", { name: "Move", exact: true }).click();
    await expect(
      chat.list.getByRole("group").filter({ hasText: "Letters" }).getByRole("link", { name: "New name" }),
    ).toBeVisible();
    await page.reload();
    await expect(chat.row("New name")).toBeVisible();
  });

  test("brings a deleted chat back", async ({ page }) => {
    const id = await importedChat(page.request, "Precious", ["Hello", "Hi there, friend."]);
    const chat = new ChatPage(page);
    await chat.open(id);
    await chat.rowAction("Precious", "Delete");
    await expect(chat.row("Precious")).toBeHidden();
    await expect(chat.replies).toHaveCount(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(chat.row("Precious")).toBeVisible();
    expect(await chat.textOf(chat.replies.last())).toBe("Hi there, friend.");
  });

  test("a temporary chat is in no list, on no disk and gone after a reload", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open();
    await page.getByRole("button", { name: "New temporary chat" }).click();
    await expect(page.getByText(/Temporary chat: nothing of it is written/)).toBeVisible();
    await chat.options({ longestReply: 8 });
    await chat.ask("The password is xylophone42.");
    await expect(page).toHaveURL("/");
    expect(await (await page.request.get("/api/chats")).text()).not.toContain("xylophone42");
    expect(await (await page.request.get("/api/chats/search?q=xylophone42")).json()).toEqual({ hits: [] });
    await page.reload();
    await expect(chat.questions).toHaveCount(0);
  });
});

test.describe("an answer outlives the page", () => {
  test("a reload and a second tab go on with the same text, and either may stop it", async ({ page, context }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request));
    await chat.say("Begin.");
    await chat.replyBegun();
    const before = await chat.textOf(chat.replies.last());
    await page.reload();
    await chat.replyBegun();
    expect((await chat.textOf(chat.replies.last())).startsWith(before)).toBe(true);
    const second = new ChatPage(await context.newPage());
    await second.open(chat.chatId);
    await second.replyBegun();
    await second.stop.click();
    await expect(second.page.getByText("Stopped.")).toBeVisible();
    await expect(page.getByText("Stopped.")).toBeVisible();
    expect(await chat.textOf(chat.replies.last())).toBe(await second.textOf(second.replies.last()));
  });

  test("back from another screen, the chat goes on where it is", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request));
    const id = chat.chatId;
    await chat.say("Begin.");
    await chat.replyBegun();
    const before = await chat.textOf(chat.replies.last());
    await page.getByRole("link", { name: "Dashboard" }).click();
    await expect(page).toHaveURL(/dashboard/);
    await page.getByRole("link", { name: "Chat", exact: true }).click();
    await chat.replyBegun();
    expect(chat.chatId).toBe(id);
    expect((await chat.textOf(chat.replies.last())).startsWith(before)).toBe(true);
    await chat.stop.click();
    await expect(page.getByText("Stopped.")).toBeVisible();
  });

  test("a tab that only looks on sees the other one's message and its answer", async ({ page, context }) => {
    const chat = new ChatPage(page);
    const id = await endlessChat(page.request, "", 40);
    await chat.open(id);
    const second = new ChatPage(await context.newPage());
    await second.open(id);
    await chat.ask("Begin.");
    await second.page.bringToFront();
    await expect(second.questions).toHaveText(/Begin\./);
    await expect.poll(() => second.textOf(second.replies.last())).toBe(await chat.textOf(chat.replies.last()));
  });

  test("when the engine is killed the text stays, the page says so, and the next message is answered", async ({
    page,
    ownServer,
  }) => {
    const server = await ownServer();
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, server.url, 400), server.url);
    await chat.say("Begin.");
    await chat.replyBegun();
    const before = await chat.textOf(chat.replies.last());
    process.kill(server.enginePid() ?? Number.NaN, "SIGKILL");
    await expect(page.getByText(/The engine process ended unexpectedly/).first()).toBeVisible();
    expect((await chat.textOf(chat.replies.last())).startsWith(before)).toBe(true);
    await chat.options({ longestReply: 10 });
    await chat.ask("Are you there?");
    expect((await chat.textOf(chat.replies.last())).length).toBeGreaterThan(0);
  });

  test("when the server is killed the page waits for it, shows what was saved, and offers to go on", async ({
    page,
    ownServer,
  }) => {
    const server = await ownServer();
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, server.url, 400), server.url);
    await chat.say("Begin.");
    await chat.replyBegun();
    // Text is saved each second.
    await expect
      .poll(async () => (await chat.textOf(chat.replies.last())).length, { timeout: 30_000 })
      .toBeGreaterThan(60);
    await page.waitForTimeout(1100);
    await server.kill("SIGKILL");
    await expect(page.getByText("Headroom's server does not answer.", { exact: false }).first()).toBeVisible();
    await server.restart();
    await expect(page.getByText("Headroom ended while this answer was being written.")).toBeVisible({
      timeout: 30_000,
    });
    expect((await chat.textOf(chat.replies.last())).length).toBeGreaterThan(20);
    await expect(page.getByRole("button", { name: "Continue" })).toBeVisible();
  });
});

test.describe("the context", () => {
  test("meter shows the draft's tokens and the KV cache that the chat fills", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await importedChat(page.request, "Metered", ["Hello", "Hi."]));
    const meter = page.getByRole("button", { name: /of 4,096 tokens/ });
    await expect(meter).toBeVisible({ timeout: 30_000 });
    const before = Number.parseInt((await meter.textContent()) ?? "", 10);
    await chat.message.fill(Array(40).fill("word").join(" "));
    await expect.poll(async () => Number.parseInt((await meter.textContent()) ?? "", 10)).toBeGreaterThan(before + 35);
    await meter.click();
    // 30 layers, 3 KV heads of 64, K and V, 2 bytes, 4,096 tokens: 94,371,840 bytes.
    await expect(page.getByText("of the 90 MiB KV cache")).toBeVisible();
  });
});

test.describe("what a model may not do", () => {
  const hostile = [
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>",
    "![leak](http://127.0.0.1:9/leak.png?q=secret) ![leak](https://evil.example/x.png)",
    "[click](javascript:window.hacked=3) [data](data:text/html,<script>1</script>) [good](https://example.com/page)",
    '<iframe src="https://evil.example"></iframe><style>*{display:none}</style><svg onload="window.hacked=4">',
    "<a href='javascript:window.hacked=5'>raw</a> <form action='https://evil.example'><button>go</button></form>",
    "$$\\href{javascript:window.hacked=6}{x}$$ and $$\\includegraphics{https://evil.example/y.png}$$",
    "```html\n<script>window.hacked = 7</script>\n```",
    "| <img src=x onerror=window.hacked=8> | b |\n|---|---|\n| 1 | 2 |",
  ].join("\n\n");

  test("run scripts, load pictures, or lead anywhere but to plain addresses", async ({ page }) => {
    const requests: string[] = [];
    const violations: string[] = [];
    page.on("request", request => requests.push(request.url()));
    page.on("console", entry => entry.type() === "error" && violations.push(entry.text()));
    const chat = new ChatPage(page);
    await chat.open(await importedChat(page.request, hostile.slice(0, 60), ["Do your worst", hostile]));
    const reply = chat.replies.last();
    await expect(reply.getByText("Picture not loaded").first()).toBeVisible();
    await expect(reply.locator("math").first()).toBeVisible();
    const links = await reply.locator(".markdown a").evaluateAll(all => all.map(link => link.getAttribute("href")));
    expect(links).toEqual(["https://example.com/page"]);
    await expect(reply.locator(".markdown :is(img, iframe, form, script, style:not(svg style), object)")).toHaveCount(
      0,
    );
    for (const text of await reply.getByText(/^(click|data|raw)$/).all()) await text.click();
    expect(await page.evaluate(() => Reflect.get(window, "hacked"))).toBeUndefined();
    const strangers = requests.filter(
      url => !/^(?:http:\/\/127\.0\.0\.1:\d+\/|data:|blob:)/.test(url) || url.includes("leak"),
    );
    expect(strangers).toEqual([]);
    expect(violations).toEqual([]);
  });
});

test.describe("for everybody", () => {
  test("the page needs at most 200 kB of script before it can be used", async ({ server }) => {
    expect((await readFirstLoad(server.url)).gzippedBytes).toBeLessThanOrEqual(FIRST_LOAD_GOAL_BYTES);
  });

  test("a menu opens with the first press of a key, on its first entry, and gives the focus back", async ({ page }) => {
    await new ChatPage(page).open();
    const theme = page.getByRole("button", { name: "Theme" });
    for (const key of ["Enter", "ArrowDown"]) {
      await theme.press(key);
      await expect(page.getByRole("menuitemradio", { name: "Like the computer" })).toBeFocused();
      await page.keyboard.press("ArrowDown");
      await expect(page.getByRole("menuitemradio", { name: "Light" })).toBeFocused();
      await page.keyboard.press("Escape");
      await expect(theme).toBeFocused();
    }
  });

  test("axe finds nothing in the light or the dark chat", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open();
    expect(await axeViolationsInLightAndDark(page)).toEqual([]);
    const text =
      "Some **text**, `code`, a [link](https://example.com).\n\n```ts\nconst a = 1; // why\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done";
    await chat.open(await importedChat(page.request, "For axe", ["Hello", text, "More", "Yes."]));
    await expect(chat.replies.first().locator(".hljs-keyword")).toBeVisible();
    expect(await axeViolationsInLightAndDark(page)).toEqual([]);
    await page.getByRole("button", { name: /^Chat options/ }).click();
    await expect(page.getByRole("dialog", { name: "Chat options" })).toBeVisible();
    expect(await axeViolationsInLightAndDark(page)).toEqual([]);
  });

  test("tokens never reach a live region; its begin and its end do", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 60));
    const log = page.getByRole("log", { name: "Conversation" });
    await chat.say("Begin.");
    await expect(log).toHaveAttribute("aria-busy", "true");
    await expect(chat.status).toHaveText("Generating");
    await chat.replyBegun();
    const liveText = await page.evaluate(() =>
      [...document.querySelectorAll("[aria-live]:not([aria-live=off]), [role=status], [role=alert]")]
        .map(region => region.textContent)
        .join(" "),
    );
    expect(liveText).not.toMatch(/river|stone|cloud/);
    await chat.replyFinished();
    await expect(log).toHaveAttribute("aria-live", "off");
    await expect(log).toHaveAttribute("aria-busy", "false");
  });

  test("the keyboard reaches chats, commands and the list of shortcuts", async ({ page }) => {
    await importedChat(page.request, "Palette target", ["Hello", "The ornithopter lands."]);
    const chat = new ChatPage(page);
    await chat.open();
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("combobox", { name: "Search chats and commands" })).toBeFocused();
    await page.keyboard.type("ornithopter");
    await expect(page.getByRole("option", { name: /Palette target/ })).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("Enter");
    await expect(chat.replies.first()).toBeFocused();
    await page.keyboard.press("Control+/");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await expect(chat.message).toBeFocused();
    await page.keyboard.press("Control+Shift+O");
    await expect(page).toHaveURL("/");
    await expect(chat.replies).toHaveCount(0);
  });

  test("on a phone the list is a sheet, and nothing is wider than the screen", async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    const wide = `\`\`\`\n${"x".repeat(400)}\n\`\`\`\n\n${"y".repeat(300)}\n\n|${" column |".repeat(12)}\n|${"---|".repeat(12)}\n|${" cell |".repeat(12)}`;
    await importedChat(page.request, "Wide one", ["z".repeat(300), wide]);
    const chat = new ChatPage(page);
    await chat.open();
    await page.getByRole("button", { name: "Show chats" }).click();
    await page.getByRole("dialog", { name: "Chats" }).getByRole("link", { name: "Wide one" }).click();
    await expect(chat.replies).toHaveCount(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
});

test("a chat of 2,000 messages opens at its end, and earlier ones come as one scrolls up", async ({ page }) => {
  const texts = Array.from({ length: 2000 }, (_, index) =>
    index % 2 === 0
      ? `Question ${index}`
      : `Answer **${index}** with \`code\` and a list:\n\n- one\n- two\n\n\`\`\`ts\nconst n = ${index};\n\`\`\``,
  );
  const chat = new ChatPage(page);
  await chat.open(await importedChat(page.request, "Long history", texts));
  await expect(page.getByText("Answer 1999")).toBeVisible();
  expect(await page.getByRole("article").count()).toBeLessThan(60);
  const transcript = page.getByRole("region", { name: "Transcript" });
  await expect(async () => {
    await transcript.evaluate(element => element.scrollTo({ top: 0 }));
    await expect(page.getByText("Question 1940")).toBeAttached({ timeout: 200 });
  }).toPass();
  await expect(page.getByRole("button", { name: "Jump to latest" })).toBeVisible();
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await expect(page.getByText("Answer 1999")).toBeInViewport();
});
