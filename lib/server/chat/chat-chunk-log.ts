import type { RunChunk } from "@/lib/schema/chat";

type Delta = Extract<RunChunk, { delta: string }>;
const isDelta = (chunk: RunChunk): chunk is Delta => "delta" in chunk;

/**
 * Everything that a run has sent, for followers who join later. Neighbouring deltas are merged, and only the newest status is kept:
 * a replay is as short as the answer and leads to the same text.
 */
export class ChunkLog {
  readonly #chunks: RunChunk[] = [];
  #status: RunChunk | null = null;

  add(chunk: RunChunk): void {
    if (chunk.type === "data-status") {
      this.#status = chunk;
      return;
    }
    const last = this.#chunks.at(-1);
    if (isDelta(chunk) && last && isDelta(last) && last.type === chunk.type && last.id === chunk.id) {
      this.#chunks[this.#chunks.length - 1] = { ...last, delta: last.delta + chunk.delta };
    } else this.#chunks.push(chunk);
  }

  replay(): RunChunk[] {
    return this.#status ? [...this.#chunks, this.#status] : [...this.#chunks];
  }
}
