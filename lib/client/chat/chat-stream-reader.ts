import { type RunChunk, runChunkSchema } from "@/lib/schema/chat";
import { readEvents } from "@/lib/schema/read-events";

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
