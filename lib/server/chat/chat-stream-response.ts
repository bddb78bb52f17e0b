import { createUIMessageStreamResponse } from "ai";
import type { ChatRun } from "./chat-run";

/** Proxies and browsers give up on a stream that is silent for longer, and a large prompt may take minutes to read. */
const KEEP_ALIVE_MS = 10_000;

/** The run as the AI SDK's UI message stream: what was sent so far, then what comes. */
export const chatStreamResponse = (run: ChatRun): Response =>
  createUIMessageStreamResponse({ stream: run.follow(), keepAliveMs: KEEP_ALIVE_MS });
