import type { Browser, Locator, Page } from "@playwright/test";
import { FIRST_LOAD_GOAL_BYTES, readFirstLoad } from "@/e2e/first-load";
import { chatOf } from "@/e2e/imported-chat";
import type { ChatImport } from "@/lib/schema/chat";
import type { ChatFigure } from "./chat-figure";
import { launchBrowser } from "./launch-browser";

const OPEN_GOAL_MS = 500;
const LONG_CHAT_MESSAGES = 2000;
/** The browser calls a task above this a "long task", and it makes typing slow. */
const TASK_GOAL_MS = 50;
const STREAM_TOKENS_PER_SECOND = 100;
const STREAM_SECONDS = 10;
/** faults.md U6: from the key to the letter on the screen. */
const TYPING_GOAL_MS = 200;
const TYPED_TEXT = "Typing beside something very large.";
/** The time between two keys of a fast typist. */
const KEY_PAUSE_MS = 120;
const SHOW_LIMIT_MS = 60_000;
const CODE_BYTES = 1_000_000;
const TABLE_ROWS = 10_000;

export async function benchChatClient(url: string): Promise<ChatFigure[]> {
  const browser = await launchBrowser();
  try {
    return [
      await benchFirstLoad(url),
      await benchLongChat(browser, url),
      await benchStreaming(browser, url),
      await benchTyping(browser, url, "a code block of 1 MB", codeBlock()),
      await benchTyping(browser, url, `a table of ${TABLE_ROWS} rows`, table()),
    ];
  } finally {
    await browser.close();
  }
}

async function benchFirstLoad(url: string): Promise<ChatFigure> {
  const { files, gzippedBytes } = await readFirstLoad(url);
  return {
    name: `first-load JavaScript, ${files} files, gzipped`,
    value: `${(gzippedBytes / 1000).toFixed(0)} kB`,
    goal: `<= ${FIRST_LOAD_GOAL_BYTES / 1000} kB`,
    met: gzippedBytes <= FIRST_LOAD_GOAL_BYTES,
  };
}

/** Time from the click in the list until the last message is on the screen, formatted. */
async function benchLongChat(browser: Browser, url: string): Promise<ChatFigure> {
  const page = await browser.newPage();
  await page.request.post(`${url}/api/chats/import`, { data: longChat() });
  await page.goto(url);
  const row = page.getByRole("link", { name: "Long history" });
  await row.waitFor();
  await page.waitForTimeout(2000);
  const elapsedMs = await row.evaluate(
    (link, last) =>
      new Promise<number>(resolve => {
        const startedAtMs = performance.now();
        const check = () => {
          const isThere = [...document.querySelectorAll(".markdown strong")].some(
            element => element.innerHTML === last,
          );
          if (isThere) requestAnimationFrame(() => resolve(performance.now() - startedAtMs));
          else requestAnimationFrame(check);
        };
        if (link instanceof HTMLElement) link.click();
        check();
      }),
    String(LONG_CHAT_MESSAGES - 1),
  );
  await page.close();
  return {
    name: `opening a chat of ${LONG_CHAT_MESSAGES} messages`,
    value: `${elapsedMs.toFixed(0)} ms`,
    goal: `<= ${OPEN_GOAL_MS} ms`,
    met: elapsedMs <= OPEN_GOAL_MS,
  };
}

function longChat(): ChatImport {
  const texts = Array.from({ length: LONG_CHAT_MESSAGES }, (_, index) =>
    index % 2 === 0
      ? `Question ${index}`
      : `Answer **${index}**, with a list:\n\n- one\n- two\n\n\`\`\`ts\nconst answer = ${index};\n\`\`\`\n\nand some more words after it.`,
  );
  return { chats: [chatOf("long", "Long history", texts)] };
}

function codeBlock(): string {
  const line = (index: number) => `export const river${index} = stones.map(stone => stone.carry("${index}"));`;
  const lines = Array.from({ length: Math.ceil(CODE_BYTES / line(10_000).length) }, (_, index) => line(index));
  return `\`\`\`ts\n${lines.join("\n")}\n\`\`\``;
}

function table(): string {
  const rows = Array.from({ length: TABLE_ROWS }, (_, index) => `| ${index} | stone ${index} | carried |`);
  return ["| number | name | state |", "| --- | --- | --- |", ...rows].join("\n");
}

/** The slowest letter while an answer that holds something very large is on the screen. */
async function benchTyping(browser: Browser, url: string, what: string, answer: string): Promise<ChatFigure> {
  const page = await browser.newPage();
  const id = crypto.randomUUID();
  await page.request.post(`${url}/api/chats/import`, { data: { chats: [chatOf(id, what, ["Show it.", answer])] } });
  await page.goto(`${url}/?chat=${id}`);
  const message = page.getByRole("textbox", { name: "Message", exact: true });
  await message.waitFor();
  // The page shows only part of such a long text, unformatted. This button puts all of it on the page.
  await page.getByRole("button", { name: /^Show all .* characters$/ }).click({ timeout: SHOW_LIMIT_MS });
  const slowestMs = await slowestLetter(page, message);
  await page.close();
  return {
    name: `slowest letter typed below ${what}`,
    value: `${slowestMs.toFixed(0)} ms`,
    goal: `<= ${TYPING_GOAL_MS} ms`,
    met: slowestMs <= TYPING_GOAL_MS,
  };
}

/**
 * Time from a key to the first screencast frame after it. Event Timing is not usable here: without a screen it ends some keys
 * seconds after the frames that show their letters.
 */
async function slowestLetter(page: Page, message: Locator): Promise<number> {
  const pictures = await page.context().newCDPSession(page);
  let onPicture = (_atMs: number): void => {};
  pictures.on("Page.screencastFrame", ({ metadata, sessionId }) => {
    onPicture((metadata.timestamp ?? 0) * 1000);
    pictures.send("Page.screencastFrameAck", { sessionId }).catch(() => {});
  });
  await message.focus();
  await pictures.send("Page.startScreencast", { format: "jpeg", quality: 10 });
  let slowestMs = 0;
  for (const letter of TYPED_TEXT) {
    const pressedAtMs = Date.now();
    const shown = new Promise<number>(resolve => {
      onPicture = atMs => atMs >= pressedAtMs && resolve(atMs);
    });
    await page.keyboard.press(letter);
    slowestMs = Math.max(slowestMs, (await shown) - pressedAtMs);
    await page.waitForTimeout(KEY_PAUSE_MS);
  }
  return slowestMs;
}

/** Replaces the network inside the page with exactly 100 tokens a second, which may be faster than this computer's model. */
async function benchStreaming(browser: Browser, url: string): Promise<ChatFigure> {
  const page = await browser.newPage();
  await page.addInitScript(fakeStream, { tokensPerSecond: STREAM_TOKENS_PER_SECOND, seconds: STREAM_SECONDS });
  await page.goto(url);
  await page.getByRole("textbox", { name: "Message", exact: true }).waitFor();
  await page.waitForTimeout(2000);
  const longestMs = await longestTaskWhile(page, async () => {
    await page.getByRole("textbox", { name: "Message", exact: true }).fill("Go.");
    await page.keyboard.press("Enter");
    await page.getByText("the last word").waitFor({ timeout: (STREAM_SECONDS + 20) * 1000 });
  });
  await page.close();
  return {
    name: `longest task while ${STREAM_TOKENS_PER_SECOND} tokens/s arrive for ${STREAM_SECONDS} s`,
    value: longestMs === 0 ? `< ${TASK_GOAL_MS} ms` : `${longestMs.toFixed(0)} ms`,
    goal: `<= ${TASK_GOAL_MS} ms`,
    met: longestMs <= TASK_GOAL_MS,
  };
}

/** The browser reports only tasks of 50 ms or more; 0 when there was none. */
async function longestTaskWhile(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Reflect.set(window, "longTasks", seen);
    new PerformanceObserver(list => seen.push(...list.getEntries().map(entry => entry.duration))).observe({
      type: "longtask",
    });
  });
  await work();
  return page.evaluate(() => Math.max(0, ...(Reflect.get(window, "longTasks") as number[])));
}

/** Runs in the page: answers POST /api/chat with prose, lists and code, a token at a time. */
function fakeStream({ tokensPerSecond, seconds }: { tokensPerSecond: number; seconds: number }): void {
  const real = window.fetch.bind(window);
  const paragraph = "Rivers **carry** stones, and `stones` carry rivers. ".repeat(6);
  const code = "\n\n```ts\nconst river = stones.map(stone => stone.carry());\nexport default river;\n```\n\n";
  const words = (paragraph + code).repeat(60).match(/\S+\s*/g) ?? [];
  window.fetch = async (input, init) => {
    if (input !== "/api/chat") return real(input, init);
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        const send = (chunk: object) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`));
        send({ type: "start", messageId: "fake" });
        send({ type: "text-start", id: "t" });
        for (let token = 0; token < tokensPerSecond * seconds; token += 1) {
          send({ type: "text-delta", id: "t", delta: words[token % words.length] });
          await new Promise(resolve => setTimeout(resolve, 1000 / tokensPerSecond));
        }
        send({ type: "text-delta", id: "t", delta: "\n\nthe last word" });
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}
