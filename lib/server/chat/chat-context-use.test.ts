import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blankMessage, type ContextUse } from "@/lib/schema/chat";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { ScriptedChatEngine } from "@/lib/server/testing/fake-engine/scripted-chat-engine";
import { contextUse } from "./chat-context-use";
import { ChatStores } from "./chat-stores";

let folder: string;
let chats: ChatStores;
const engine = new ScriptedChatEngine();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chat-context-use-"));
  chats = new ChatStores(join(folder, "chats.db"));
});

afterEach(() => {
  chats.close();
});

const words = (count: number): string => Array.from({ length: count }, () => "word").join(" ");

/** A chat of one exchange in a context of 1,000 tokens, of which 48 are kept for the reply. A token is a word. */
function useOf(question: number, answer: number, draft: number): Promise<ContextUse | null> {
  const store = chats.storeOf(chats.create({ id: "chat", temporary: false, systemPrompt: null }).id);
  store.addExchange("chat", said("q", null, "user", question), said("a", "q", "assistant", answer));
  return useAt("a", draft);
}

const said = (id: string, parentId: string | null, role: "user" | "assistant", count: number) =>
  blankMessage({ id, parentId, role, status: "complete", text: words(count), createdAtMs: 1 });

function useAt(headId: string, draft: number): Promise<ContextUse | null> {
  return contextUse(
    "chat",
    { headId, draft: draft === 0 ? "" : words(draft), attachments: [] },
    {
      chats,
      host: engine,
      settings: { read: () => ({ ...defaultSettings, SYSTEM_PROMPT: "", MAX_TOKENS: 48 }) },
      planner: { surfaceFor: () => Promise.reject(new Error("No model here.")) },
    },
  );
}

test.each([
  ["all of it fits", 100, 200, 10, { overflowingMessages: 0, draftTooLong: false }],
  [
    "the earlier messages fill it",
    500,
    500,
    10,
    { overflowingMessages: 2, overflowingTokens: 1000, draftTooLong: false },
  ],
  ["they do before anything is typed", 500, 500, 0, { overflowingMessages: 2, draftTooLong: false }],
  ["an answer alone is larger, before anything is typed", 1, 5000, 0, { overflowingMessages: 2, draftTooLong: false }],
  ["what is typed is larger", 1, 1, 960, { overflowingMessages: 0, draftTooLong: true }],
])("%s: %i + %i tokens said, %i typed", async (_what, question, answer, draft, expected) => {
  expect(await useOf(question, answer, draft)).toMatchObject({
    ...expected,
    historyTokens: question + answer,
    draftTokens: draft,
    replyReserveTokens: 48,
  });
});

test("a question that was refused is what will be asked: it alone is too long, and nothing can be left out for it", async () => {
  expect(await useOf(990, 0, 0)).toMatchObject({ overflowingMessages: 0, draftTooLong: true, neededTokens: 1038 });
});

test("a refused question behind others leaves those out", async () => {
  const store = chats.storeOf(chats.create({ id: "chat", temporary: false, systemPrompt: null }).id);
  store.addExchange("chat", said("q", null, "user", 500), said("a", "q", "assistant", 300));
  store.addExchange("chat", said("q2", "a", "user", 200), said("a2", "q2", "assistant", 0));
  expect(await useAt("a2", 0)).toMatchObject({ overflowingMessages: 2, overflowingTokens: 800, draftTooLong: false });
});
