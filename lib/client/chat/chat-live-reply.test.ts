import { expect, test } from "vitest";
import type { RunChunk, RunStatus } from "@/lib/schema/chat";
import { type LiveReply, withChunk } from "./chat-live-reply";

const none: LiveReply = { replyId: null, text: "", thought: "", status: null, usedTokens: null };
const after = (...chunks: RunChunk[]): LiveReply => chunks.reduce(withChunk, none);

test("deltas of all parts make one text, and thoughts stay apart", () => {
  const reply = after(
    { type: "start", messageId: "m" },
    { type: "reasoning-delta", id: "r", delta: "hm" },
    { type: "text-delta", id: "text-before", delta: "one " },
    { type: "text-delta", id: "text-0", delta: "two" },
  );
  expect(reply).toEqual({ replyId: "m", text: "one two", thought: "hm", status: null, usedTokens: null });
});

test("what happens before the first word is shown until there is one", () => {
  const waiting: RunChunk = { type: "data-status", data: { phase: "queued", position: 2 }, transient: true };
  expect(after({ type: "start", messageId: "m" }, waiting).status).toEqual({ phase: "queued", position: 2 });
  expect(after(waiting, { type: "text-delta", id: "t", delta: "a" }).status).toBeNull();
});

test("a start forgets the answer before", () => {
  expect(after({ type: "text-delta", id: "t", delta: "old" }, { type: "start", messageId: "n" }).text).toBe("");
});

test("how full the context is comes with the prompt's length and with the words", () => {
  const status = (data: RunStatus): RunChunk => ({ type: "data-status", data, transient: true });
  const begun = after({ type: "start", messageId: "m" }, status({ phase: "loading" }));
  expect(begun.usedTokens).toBe(null);
  const read = withChunk(begun, status({ phase: "prefill", doneTokens: 0, totalTokens: 41 }));
  expect(read.usedTokens).toBe(41);
  const written = withChunk(read, status({ phase: "generating", usedTokens: 45 }));
  expect(written).toMatchObject({ usedTokens: 45, status: null });
  expect(withChunk(written, { type: "text-delta", id: "t", delta: "x" }).usedTokens).toBe(45);
});
