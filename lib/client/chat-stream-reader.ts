import { type RunChunk, runChunkSchema } from "@/lib/schema/chat";

/**
 * The chunks of a UI message stream (server-sent events with one JSON object each, closed by `[DONE]`).
 * Chunks that this page does not know are skipped: a newer server may send more.
 *
 * @throws TypeError when the connection breaks
 */
export async function* readRunChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<RunChunk> {
  for await (const data of readEvents(body)) {
    if (data === "[DONE]") return;
    const chunk = runChunkSchema.safeParse(JSON.parse(data));
    if (chunk.success) yield chunk.data;
  }
}

/** The data of each event. Comments (the server's signs of life) are not events. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) if (event.startsWith("data: ")) yield event.slice("data: ".length);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
