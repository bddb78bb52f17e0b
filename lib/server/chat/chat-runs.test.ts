import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ChatRequest, RunChunk } from "@/lib/schema/chat";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { EngineCrashedError, EngineError } from "@/lib/server/engine/engine-errors";
import { ScriptedChatEngine } from "@/lib/server/testing/fake-engine/scripted-chat-engine";
import type { ChatRun } from "./chat-run";
import { ChatRuns } from "./chat-runs";
import { ChatStores } from "./chat-stores";

let folder: string;
let engine: ScriptedChatEngine;
let chats: ChatStores;
let runs: ChatRuns;
const failures: unknown[] = [];

beforeEach(() => {
  engine = new ScriptedChatEngine();
  folder = mkdtempSync(join(tmpdir(), "chat-runs-"));
  chats = new ChatStores(join(folder, "chats.db"));
  runs = new ChatRuns({
    chats,
    engine,
    settings: { read: () => defaultSettings },
    onFailure: (_what, error) => failures.push(error),
    flushMs: 20,
  });
});

afterEach(() => {
  chats.close();
  expect(failures.splice(0)).toEqual([]);
});

const userSays = (chatId: string, id: string, text: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  chatId,
  message: { id, role: "user", parts: [{ type: "text", text }] },
  trigger: "submit-message",
  ...more,
});

async function chunksOf(run: ChatRun): Promise<RunChunk[]> {
  const chunks: RunChunk[] = [];
  const reader = run.follow().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}

const textOf = (chunks: RunChunk[]): string =>
  chunks.map(chunk => (chunk.type === "text-delta" ? chunk.delta : "")).join("");

const replyOf = (run: ChatRun) => chats.storeOf(run.chatId).message(run.chatId, run.replyId);
const soon = (assertion: () => void) => vi.waitFor(assertion, { timeout: 2000, interval: 5 });

async function exchange(chatId: string, id: string, text: string, answer: string): Promise<ChatRun> {
  const run = runs.start(userSays(chatId, id, text));
  engine.say(answer);
  engine.finish();
  await chunksOf(run);
  return run;
}

describe("a question about a picture", () => {
  const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
  const picture = { name: "cat.png", mediaType: "image/png", text: "", data };
  const message = { id: "q", role: "user" as const, parts: [{ type: "data-attachment" as const, data: picture }] };

  test("is kept, and answered with what is missing where the engine reads no pictures; the next question is answered", async () => {
    const { id } = chats.create({ temporary: false });
    const refused = runs.start(userSays(id, "q", "", { message }));
    await chunksOf(refused);
    expect(replyOf(refused).error).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("the built-in engine reads text only"),
    });
    expect(chats.storeOf(id).message(id, "q").attachments).toEqual([picture]);
    await exchange(id, "q2", "Never mind.", "All right.");
    expect(engine.calls).toHaveLength(1);
    expect(engine.calls[0]?.turns[0]?.content).toBe("Picture: cat.png");
  });
});

describe("an answer", () => {
  test("has its question committed before the engine is asked", () => {
    engine.ensureLoaded = () => new Promise(() => {});
    runs.start(userSays("chat", "q1", "Hello there"));
    const saved = chats.storeOf("chat").messages("chat");
    expect(saved.map(message => [message.role, message.text, message.status])).toEqual([
      ["user", "Hello there", "complete"],
      ["assistant", "", "pending"],
    ]);
    expect(engine.calls).toEqual([]);
  });

  test("is the same for who follows from the start, who comes later and who reads it from the store", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    const early = chunksOf(run);
    engine.say("One ");
    engine.say("two ");
    await soon(() => expect(run.text.text).toBe("One two "));
    const late = chunksOf(run);
    engine.say("three");
    engine.finish();
    expect(textOf(await early)).toBe("One two three");
    expect(textOf(await late)).toBe("One two three");
    expect(replyOf(run)).toMatchObject({
      text: "One two three",
      status: "complete",
      stats: { modelName: "scripted", gpuLayers: 3, totalLayers: 5, contextTokens: 1000, kvType: "q8_0" },
    });
  });

  test("is flushed while it grows, not only at its end", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    engine.say("so far");
    await soon(() => expect(replyOf(run)).toMatchObject({ text: "so far", status: "pending" }));
    engine.finish();
    await chunksOf(run);
  });

  test("goes on when its reader leaves", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    const reader = run.follow().getReader();
    await reader.read();
    await reader.cancel();
    engine.say("still here");
    engine.finish();
    await soon(() => expect(replyOf(run)).toMatchObject({ text: "still here", status: "complete" }));
  });

  test("keeps thoughts apart from the text, with the time they took", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    engine.say("hm", true);
    await soon(() => expect(run.text.thought).toBe("hm"));
    await new Promise(resolve => setTimeout(resolve, 30));
    engine.say("Yes.");
    engine.finish();
    await chunksOf(run);
    expect(replyOf(run)).toMatchObject({ text: "Yes.", thought: "hm" });
    expect(replyOf(run).thoughtMs).toBeGreaterThanOrEqual(25);
  });

  test("is asked for with the chat's turns, its own values over the settings', and its id for the cache", async () => {
    chats.create({
      id: "chat",
      systemPrompt: "Be brief.",
      sampling: { temperature: 0.3, topK: 7, seed: 11, stop: ["END"], jsonSchema: '{"type": "object"}' },
    });
    await exchange("chat", "q1", "Hello", "Hi");
    const { TOP_P, MIN_P, REPEAT_PENALTY, MAX_TOKENS } = defaultSettings;
    expect(engine.calls).toEqual([
      {
        turns: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hello" },
        ],
        sampling: {
          temperature: 0.3,
          topK: 7,
          topP: TOP_P,
          minP: MIN_P,
          repeatPenalty: REPEAT_PENALTY,
          presencePenalty: 0,
          frequencyPenalty: 0,
          seed: 11,
          maxTokens: MAX_TOKENS,
          stop: ["END"],
          jsonSchema: { type: "object" },
        },
        cacheKey: "chat",
      },
    ]);
  });

  test("comes as parts of reasoning and of text, each opened and closed, with the engine's own counts", async () => {
    const run = runs.start(userSays("chat", "q1", "Is it?"));
    engine.say("hm ", true);
    engine.say("so", true);
    engine.say("Yes");
    engine.say(", indeed.");
    engine.finish("length", { promptTokens: 20, cachedTokens: 15, generatedTokens: 4 });
    const parts = (await chunksOf(run)).filter(({ type }) => /^(?:text|reasoning)-/.test(type));
    expect(parts).toEqual([
      { type: "reasoning-start", id: "reasoning-0" },
      { type: "reasoning-delta", id: "reasoning-0", delta: "hm " },
      { type: "reasoning-delta", id: "reasoning-0", delta: "so" },
      { type: "reasoning-end", id: "reasoning-0" },
      { type: "text-start", id: "text-1" },
      { type: "text-delta", id: "text-1", delta: "Yes" },
      { type: "text-delta", id: "text-1", delta: ", indeed." },
      { type: "text-end", id: "text-1" },
    ]);
    expect(replyOf(run).stats).toMatchObject({
      promptTokens: 20,
      cachedTokens: 15,
      generatedTokens: 4,
      finishReason: "length",
    });
  });

  test("names the chat for its question", async () => {
    await exchange("chat", "q1", "How do tides work? I live by the sea.", "By the moon.");
    expect(chats.storeOf("chat").read("chat").title).toBe("How do tides work?");
  });
});

describe("stopping", () => {
  test("keeps the text so far, marked as interrupted and without an error", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    engine.say("half an ans");
    await soon(() => expect(run.text.text).toBe("half an ans"));
    await expect(runs.stop("chat")).resolves.toBe(true);
    expect(replyOf(run)).toMatchObject({ text: "half an ans", status: "interrupted", error: null });
    expect(runs.find("chat")).toBeNull();
  });

  test("of a chat that does not answer changes nothing", async () => {
    await expect(runs.stop("nobody")).resolves.toBe(false);
  });
});

describe("a crash of the engine", () => {
  test("keeps the text so far with its reason, and the next message is answered", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    engine.say("half");
    await soon(() => expect(run.text.text).toBe("half"));
    engine.crash(new EngineCrashedError({ exitCode: null, signal: "SIGKILL" }));
    await chunksOf(run);
    expect(replyOf(run)).toMatchObject({ text: "half", status: "interrupted", error: { code: "ENGINE_CRASHED" } });
    const next = await exchange("chat", "q2", "Again", "Here.");
    expect(replyOf(next)).toMatchObject({ text: "Here.", status: "complete" });
  });

  test("can be continued: the model gets what it had said, and the text grows in place", async () => {
    const run = runs.start(userSays("chat", "q1", "Count"));
    engine.say("one two ");
    await soon(() => expect(run.text.text).toBe("one two "));
    engine.crash(new EngineCrashedError({ exitCode: 134, signal: null }));
    await chunksOf(run);
    const continued = runs.start({
      chatId: "chat",
      message: { id: run.replyId, role: "assistant", parts: [] },
      trigger: "continue-message",
    });
    engine.say("three");
    engine.finish();
    expect(textOf(await chunksOf(continued))).toBe("one two three");
    expect(engine.calls.at(-1)?.turns).toEqual([
      { role: "user", content: "Count" },
      { role: "assistant", content: "one two " },
    ]);
    expect(replyOf(run)).toMatchObject({ text: "one two three", status: "complete", error: null });
    expect(chats.storeOf("chat").messages("chat").length).toBe(2);
  });
});

describe("requests", () => {
  test("sent twice make one message and one answer", async () => {
    const run = runs.start(userSays("chat", "q1", "Hello there"));
    expect(runs.start(userSays("chat", "q1", "Hello there"))).toBe(run);
    engine.finish();
    await chunksOf(run);
    expect(chats.storeOf("chat").messages("chat").length).toBe(2);
  });

  test("to a chat that is answering are refused as BUSY", () => {
    runs.start(userSays("chat", "q1", "Hello there"));
    expect(() => runs.start(userSays("chat", "q2", "And now?"))).toThrow(
      expect.objectContaining({ code: "BUSY" }) as Error,
    );
  });

  test("above the 64 that may wait are refused, those of the API included, and nothing of them is kept", () => {
    engine.ensureLoaded = () => new Promise(() => {});
    engine.queueLength = 4;
    for (let index = 0; index < 60; index += 1) runs.start(userSays(`chat-${index}`, `q-${index}`, "Hello"));
    expect(() => runs.start(userSays("one-too-many", "q", "Hello"))).toThrow(
      expect.objectContaining({ code: "QUEUE_FULL" }) as Error,
    );
    expect(chats.storeIf("one-too-many")).toBeNull();
  });

  test("for a second answer make a version beside the first", async () => {
    const run = await exchange("chat", "q1", "Hello there", "First.");
    const again = runs.start({ ...userSays("chat", "q1", ""), trigger: "regenerate-message" });
    engine.say("Second.");
    engine.finish();
    await chunksOf(again);
    expect(replyOf(again).parentId).toBe(replyOf(run).parentId);
    expect(chats.storeOf("chat").read("chat").headId).toBe(again.replyId);
  });

  test.each([
    ["an unknown chat", { chatId: "elsewhere", trigger: "regenerate-message" }, "NOT_FOUND"],
    ["an unknown parent", { parentId: "elsewhere" }, "NOT_FOUND"],
    ["nothing at all", { message: { id: "q9", role: "user", parts: [] } }, "INVALID_INPUT"],
    ["a question below a question", { parentId: "q1" }, "INVALID_INPUT"],
    ["an answer that was not asked for", { message: { id: "a9", role: "assistant", parts: [] } }, "INVALID_INPUT"],
  ] as const)("about %s are refused", async (_title, change, code) => {
    await exchange("chat", "q1", "Hello there", "Yes.");
    expect(() => runs.start({ ...userSays("chat", "q2", "And?"), ...change } as ChatRequest)).toThrow(
      expect.objectContaining({ code }) as Error,
    );
    expect(chats.storeOf("chat").messages("chat").length).toBe(2);
  });

  test("that say nothing make no chat", () => {
    expect(() => runs.start(userSays("chat", "q1", " "))).toThrow(
      expect.objectContaining({ code: "INVALID_INPUT" }) as Error,
    );
    expect(chats.storeIf("chat")).toBeNull();
  });

  test("to a deleted chat do not bring it back", async () => {
    await exchange("chat", "q1", "Hello there", "Yes.");
    chats.storeOf("chat").remove("chat");
    expect(() => runs.start(userSays("chat", "q2", "And?"))).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }) as Error,
    );
  });
});

describe("a conversation longer than the context", () => {
  // 1 token a word. Context 40, reserve 40 / 4 = 10: at most 30 tokens are sent.
  const tenWords = "a b c d e f g h i j";

  beforeEach(async () => {
    engine.contextTokens = 40;
    await exchange("chat", "q1", tenWords, tenWords);
  });

  test("is refused with counts while nobody has chosen, and the question stays", async () => {
    const run = runs.start(userSays("chat", "q2", "k l m n o p q r s t u"));
    await chunksOf(run);
    expect(replyOf(run)).toMatchObject({ status: "interrupted", error: { code: "CONTEXT_EXCEEDED" } });
    // 10 + 10 + 11 and the reserve of 10.
    expect(replyOf(run).error?.message).toContain("41 tokens");
    expect(replyOf(run).error?.message).toContain("40");
  });

  test("loses its oldest messages where that was chosen, and says how many", async () => {
    const refused = runs.start(userSays("chat", "q2", "k l m n o p q r s t u"));
    await chunksOf(refused);
    const run = runs.start({
      chatId: "chat",
      message: { id: refused.replyId, role: "assistant", parts: [] },
      trigger: "continue-message",
      overflow: "drop",
    });
    engine.say("Fine.");
    engine.finish();
    await chunksOf(run);
    expect(engine.calls.at(-1)?.turns).toEqual([{ role: "user", content: "k l m n o p q r s t u" }]);
    expect(replyOf(run)).toMatchObject({
      text: "Fine.",
      cut: { fromMessageId: "q2", droppedMessages: 2, summary: null },
    });
  });

  test("is summarised by the model where that was chosen", async () => {
    // Reserve 400 / 4 = 100, so at most 300 are sent; the messages have 100 + 100 + 150 words.
    engine.contextTokens = 400;
    const hundredWords = Array(10).fill(tenWords).join(" ");
    const question = Array(150).fill("why").join(" ");
    await exchange("long", "l1", hundredWords, hundredWords);
    const run = runs.start(userSays("long", "l2", question, { overflow: "summarise" }));
    engine.say("They said letters.");
    engine.finish();
    engine.say("Fine.");
    engine.finish();
    await chunksOf(run);
    expect(engine.calls.at(-2)?.turns[0]?.content).toContain(`User: ${hundredWords}\n\nAssistant: ${hundredWords}`);
    expect(engine.calls.at(-1)?.turns).toEqual([
      { role: "system", content: "Summary of the conversation so far:\nThey said letters." },
      { role: "user", content: question },
    ]);
    expect(replyOf(run).cut).toEqual({ fromMessageId: "l2", droppedMessages: 2, summary: "They said letters." });
  });

  test("tells its place while it waits for the summary, and again while it waits for the answer", async () => {
    const run = runs.start(userSays("chat", "q2", "k l m n o p q r s t u", { overflow: "summarise" }));
    engine.queue(2);
    engine.prefill();
    engine.say("Letters.");
    engine.finish();
    engine.queue(1);
    engine.prefill();
    engine.say("Fine.");
    engine.finish();
    const phases = (await chunksOf(run)).flatMap(chunk => {
      if (chunk.type !== "data-status") return [];
      return chunk.data.phase === "queued" ? [`place ${chunk.data.position}`] : [chunk.data.phase];
    });
    expect(phases).toEqual(["loading", "summarising", "place 2", "summarising", "place 1", "prefill", "generating"]);
  });

  test("keeps its cut in the next turn, and takes everything back when the context has grown", async () => {
    const run = runs.start(userSays("chat", "q2", "k l m n o p q r s t u", { overflow: "drop" }));
    engine.say("Fine.");
    engine.finish();
    await chunksOf(run);
    await exchange("chat", "q3", "v w", "x.");
    expect(engine.calls.at(-1)?.turns.length).toBe(3);
    engine.contextTokens = 400;
    await exchange("chat", "q4", "y z", "ok.");
    expect(engine.calls.at(-1)?.turns.length).toBe(7);
  });

  test("that fitted when it was sent is fitted again where the context shrank while it waited", async () => {
    engine.contextTokens = 400;
    const run = runs.start(userSays("chat", "q2", "k l m n o p q r s t u", { overflow: "drop" }));
    await soon(() => expect(engine.calls.at(-1)?.turns.length).toBe(3));
    engine.contextTokens = 40;
    engine.crash(new EngineError("CONTEXT_EXCEEDED", "31 tokens do not fit."));
    engine.say("Fine.");
    engine.finish();
    await chunksOf(run);
    expect(engine.calls.at(-1)?.turns).toEqual([{ role: "user", content: "k l m n o p q r s t u" }]);
    expect(replyOf(run)).toMatchObject({ text: "Fine.", status: "complete", cut: { droppedMessages: 2 } });
  });

  test("is refused without a choice when the last message alone is too long", async () => {
    const run = runs.start(userSays("chat", "q2", `${tenWords} ${tenWords} ${tenWords} k`, { overflow: "drop" }));
    await chunksOf(run);
    expect(replyOf(run)).toMatchObject({ status: "interrupted", error: { code: "CONTEXT_EXCEEDED" } });
  });
});

test("a temporary chat answers like any other and is in no list and no search", async () => {
  const run = runs.start(userSays("secret", "q1", "Remember pomegranate", { temporary: true }));
  engine.finish();
  await chunksOf(run);
  expect(chats.storeOf("secret").read("secret").temporary).toBe(true);
  expect(chats.kept.list()).toEqual([]);
  expect(chats.search("pomegranate", 10)).toEqual([]);
});
