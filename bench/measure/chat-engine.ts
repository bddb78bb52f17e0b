import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { chatTreeSchema, type ReplyStats } from "@/lib/schema/chat";
import type { ChatFigure } from "./chat-figure";

const TURNS = 20;
/** Time to first token at turn 20, over that of turn 1 plus the time to read turn 20's new tokens (issue: prefix reuse). */
const TURN_RATIO_GOAL = 1.2;
const DECODE_STOP_GOAL_MS = 300;
const PREFILL_STOP_GOAL_MS = 1000;
const STOP_ROUNDS = 5;

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

const say = (url: string, chatId: string, text: string): Promise<Response> =>
  post(`${url}/api/chat`, {
    chatId,
    trigger: "submit-message",
    message: { id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] },
  });

export async function statsAfter(url: string, chatId: string, text: string): Promise<ReplyStats> {
  await (await say(url, chatId, text)).text();
  const { chat, messages } = chatTreeSchema.parse(await (await fetch(`${url}/api/chats/${chatId}`)).json());
  const stats = messages.find(({ id }) => id === chat.headId)?.stats;
  if (!stats) throw new Error("An answer came without its figures.");
  return stats;
}

export async function benchChatEngine(url: string): Promise<ChatFigure[]> {
  return [await benchPrefixReuse(url), ...(await benchStops(url))];
}

async function benchPrefixReuse(url: string): Promise<ChatFigure> {
  const chatId = crypto.randomUUID();
  await statsAfter(url, crypto.randomUUID(), "Warm up."); // the load is not part of turn 1
  const turns: ReplyStats[] = [];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    turns.push(await statsAfter(url, chatId, `Turn ${turn}: tell me one more thing about rivers, in two sentences.`));
  }
  const [first, last] = [turns[0], turns.at(-1)];
  if (!first || !last) throw new Error("There were no turns.");
  const newTokens = last.promptTokens - last.cachedTokens;
  const ownPrefillMs = (newTokens / first.prefillTokensPerSecond) * 1000;
  const ratio = last.timeToFirstTokenMs / (first.timeToFirstTokenMs + ownPrefillMs);
  return {
    name: `first token, turn ${TURNS} (${last.promptTokens} tokens, ${newTokens} new) over turn 1 + its own prefill`,
    value: `${last.timeToFirstTokenMs.toFixed(0)} ms / (${first.timeToFirstTokenMs.toFixed(0)} + ${ownPrefillMs.toFixed(0)}) = ${ratio.toFixed(2)}`,
    goal: `<= ${TURN_RATIO_GOAL}`,
    met: ratio <= TURN_RATIO_GOAL,
  };
}

async function benchStops(url: string): Promise<ChatFigure[]> {
  const endless = { grammar: 'root ::= ("river " | "stone ") root', maxTokens: 4000 };
  const decode = await worstStop(url, endless, "Begin.", "text-delta");
  const long = "The river runs over the stones. ".repeat(900);
  const prefill = await worstStop(url, {}, long, '"phase":"prefill"');
  return [
    stopFigure("while it writes", decode, DECODE_STOP_GOAL_MS),
    stopFigure("while it reads a long prompt", prefill, PREFILL_STOP_GOAL_MS),
  ];
}

const stopFigure = (when: string, worstMs: number, goalMs: number): ChatFigure => ({
  name: `stop ${when}, worst of ${STOP_ROUNDS}`,
  value: `${worstMs.toFixed(0)} ms`,
  goal: `<= ${goalMs} ms`,
  met: worstMs <= goalMs,
});

/** Time from pressing Stop until the answer is saved. */
async function worstStop(url: string, sampling: object, text: string, sign: string): Promise<number> {
  let worstMs = 0;
  for (let round = 0; round < STOP_ROUNDS; round += 1) {
    const chatId = crypto.randomUUID();
    await post(`${url}/api/chats`, { id: chatId, sampling });
    // Each round has a different text, because a cached one would be read at once.
    const response = await say(url, chatId, `${round} ${text}`);
    await untilSign(response, sign);
    await sleep(100);
    const startedAtMs = performance.now();
    const stopped = z
      .object({ stopped: z.boolean() })
      .parse(await (await post(`${url}/api/chat/${chatId}/stop`, {})).json());
    if (!stopped.stopped) throw new Error("The answer had ended before it was stopped.");
    worstMs = Math.max(worstMs, performance.now() - startedAtMs);
  }
  return worstMs;
}

async function untilSign(response: Response, sign: string): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes(sign)) {
    const part = await reader?.read();
    if (!part || part.done) throw new Error(`The stream ended without ${sign}.`);
    seen += part.value;
  }
  // Keep reading in the background: an unread stream would look like a reader that disconnected.
  void (async () => {
    while (!(await reader?.read())?.done);
  })();
}
