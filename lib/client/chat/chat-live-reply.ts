import type { RunChunk, RunStatus } from "@/lib/schema/chat";
import { createStore } from "../store";
import { useStore } from "../use-store";

/** The answer that is arriving. The transcript's other rows do not read it, so a token renders only one component. */
export interface LiveReply {
  readonly replyId: string | null;
  readonly text: string;
  readonly thought: string;
  /** What the run does before its first token; null from then on. */
  readonly status: RunStatus | null;
  /** How much of the context prompt and answer use; null until the prompt is counted. */
  readonly usedTokens: number | null;
}

const noReply: LiveReply = { replyId: null, text: "", thought: "", status: null, usedTokens: null };

const liveReplyStore = createStore<LiveReply>(noReply);

/** The reply after one chunk; pure. */
export function withChunk(reply: LiveReply, chunk: RunChunk): LiveReply {
  switch (chunk.type) {
    case "start":
      return { ...noReply, replyId: chunk.messageId };
    case "data-status":
      return withStatus(reply, chunk.data);
    case "text-delta":
      return { ...reply, text: reply.text + chunk.delta, status: null };
    case "reasoning-delta":
      return { ...reply, thought: reply.thought + chunk.delta, status: null };
    default:
      return reply;
  }
}

function withStatus(reply: LiveReply, status: RunStatus): LiveReply {
  switch (status.phase) {
    case "generating":
      return { ...reply, status: null, usedTokens: status.usedTokens };
    case "prefill":
      return { ...reply, status, usedTokens: status.totalTokens };
    default:
      return { ...reply, status };
  }
}

let newest = noReply;
let frame: number | null = null;

/** Shows what has come since the last frame. A hidden tab has no frames and needs none. */
function show(): void {
  frame = null;
  liveReplyStore.set(newest);
}

/** Takes in a chunk. All chunks within a frame are shown at once. */
export function takeLiveChunk(chunk: RunChunk): void {
  newest = withChunk(newest, chunk);
  if (chunk.type === "start") show();
  else frame ??= requestAnimationFrame(show);
}

export function clearLiveReply(): void {
  if (frame !== null) cancelAnimationFrame(frame);
  newest = noReply;
  show();
}

const silent = { ...liveReplyStore, subscribe: () => () => {} };

/** A slice of the arriving answer. With `isLive` false it listens to nothing. */
export const useLiveReply = <Slice>(isLive: boolean, select: (reply: LiveReply) => Slice): Slice =>
  useStore(isLive ? liveReplyStore : silent, select);
