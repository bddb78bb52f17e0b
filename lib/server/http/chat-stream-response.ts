import type { ChatRun } from "@/lib/server/chat/chat-run";
import { EventStream, formatEvent } from "./event-stream";

/** The AI SDK's client recognises its stream by this. */
const UI_MESSAGE_STREAM = { "x-vercel-ai-ui-message-stream": "v1" };

async function* eventsOf(run: ChatRun, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const chunks = run.follow().getReader();
  signal.addEventListener("abort", () => void chunks.cancel(), { once: true });
  for (;;) {
    const { done, value } = await chunks.read();
    if (done) break;
    yield formatEvent(value);
  }
  yield formatEvent("[DONE]");
}

/** The run as the AI SDK's UI message stream: first what was sent so far, then what comes. The run goes on when the client leaves. */
export const chatStreamResponse = (run: ChatRun, signal: AbortSignal): EventStream =>
  new EventStream(eventsOf(run, signal), UI_MESSAGE_STREAM);
