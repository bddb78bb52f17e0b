import { expect, test } from "vitest";
import type { RunChunk } from "@/lib/schema/chat";
import { type LiveReply, withChunk } from "./chat-live-reply";

const none: LiveReply = { replyId: null, text: "", thought: "", status: null };
const after = (...chunks: RunChunk[]): LiveReply => chunks.reduce(withChunk, none);

test("deltas of all parts make one text, and thoughts stay apart", () => {
  const reply = after(
    { type: "start", messageId: "m" },
    { type: "reasoning-delta", id: "r", delta: "hm" },
    { type: "text-delta", id: "text-before", delta: "one " },
    { type: "text-delta", id: "text-0", delta: "two" },
  );
  expect(reply).toEqual({ replyId: "m", text: "one two", thought: "hm", status: null });
});

test("what happens before the first word is shown until there is one", () => {
  const waiting: RunChunk = { type: "data-status", data: { phase: "queued", position: 2 }, transient: true };
  expect(after({ type: "start", messageId: "m" }, waiting).status).toEqual({ phase: "queued", position: 2 });
  expect(after(waiting, { type: "text-delta", id: "t", delta: "a" }).status).toBeNull();
});

test("a start forgets the answer before", () => {
  expect(after({ type: "text-delta", id: "t", delta: "old" }, { type: "start", messageId: "n" }).text).toBe("");
});
