import type { ChatRun } from "@/lib/server/chat/chat-run";
import { eventStreamResponse, formatEvent, pulledStream } from "./event-stream";

/** The AI SDK's client recognises its stream by this. */
const UI_MESSAGE_STREAM = { "x-vercel-ai-ui-message-stream": "v1" };

async function* eventsOf(run: ChatRun): AsyncGenerator<string, void, undefined> {
  const chunks = run.follow().getReader();
  try {
    for (;;) {
      const { done, value } = await chunks.read();
      if (done) break;
      yield formatEvent(value);
    }
  } finally {
    await chunks.cancel();
  }
  yield formatEvent("[DONE]");
}

/** The run as the AI SDK's UI message stream: first what was sent so far, then what comes. The run goes on when the client leaves. */
export const chatStreamResponse = (run: ChatRun): Response =>
  eventStreamResponse(pulledStream(eventsOf(run), new AbortController()), UI_MESSAGE_STREAM);
