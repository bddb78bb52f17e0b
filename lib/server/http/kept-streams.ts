import { once } from "node:events";
import type { Timers } from "@/lib/server/system/timers";
import { MIB } from "@/lib/units/bytes";
import { SIGN_OF_LIFE, SIGN_OF_LIFE_MS } from "./event-stream";

/** Of one answer, about 16,000 tokens in the words of a chat completion. Earlier bytes are dropped. As llama.cpp's server. */
const MOST_BYTES = 4 * MIB;
/** An answer that nobody fetched is kept this long after its end. As llama.cpp's server. */
const KEPT_AFTER_END_MS = 5 * 60_000;
const MOST_STREAMS = 16;

/** The bytes of one answer's stream, for readers that come later or again. Its writer goes on without any reader. */
export class KeptStream {
  #pieces: Buffer[] = [];
  #keptBytes = 0;
  #droppedBytes = 0;
  #completedAtMs: number | null = null;
  readonly #changes = new EventTarget();

  constructor(
    readonly id: string,
    readonly startedAtMs: number,
    private readonly mostBytes: number = MOST_BYTES,
  ) {}

  get droppedBytes(): number {
    return this.#droppedBytes;
  }
  get totalBytes(): number {
    return this.#droppedBytes + this.#keptBytes;
  }
  /** null while the answer is being written. */
  get completedAtMs(): number | null {
    return this.#completedAtMs;
  }

  append(text: string): void {
    const piece = Buffer.from(text);
    this.#pieces.push(piece);
    this.#keptBytes += piece.length;
    while (this.#keptBytes > this.mostBytes) {
      const dropped = this.#pieces.shift()?.length ?? 0;
      this.#keptBytes -= dropped;
      this.#droppedBytes += dropped;
    }
    this.#changes.dispatchEvent(new Event("change"));
  }

  end(nowMs: number): void {
    this.#completedAtMs ??= nowMs;
    this.#changes.dispatchEvent(new Event("change"));
  }

  /** What was written after this many bytes, and then what is written, to the end. Ends early for a reader whose next bytes are dropped. */
  async *from(offsetBytes: number, gone: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    let at = offsetBytes;
    while (!gone.aborted && at >= this.#droppedBytes) {
      const rest = this.#after(at);
      if (rest.length > 0) {
        at += rest.length;
        yield rest;
      } else if (this.#completedAtMs === null) await once(this.#changes, "change", { signal: gone }).catch(() => {});
      else return;
    }
  }

  #after(offsetBytes: number): Buffer {
    let start = this.totalBytes;
    let first = this.#pieces.length;
    while (first > 0 && start > offsetBytes) {
      first -= 1;
      start -= this.#pieces[first]?.length ?? 0;
    }
    return Buffer.concat(this.#pieces.slice(first)).subarray(Math.max(0, offsetBytes - start));
  }
}

interface Kept {
  readonly stream: KeptStream;
  readonly stop: () => void;
  forget: () => void;
}

/**
 * Answers that a client asked to keep: it can come back after its connection broke. An answer belongs to the API key that asked for it;
 * clients without a key are one.
 *
 * @see llama.cpp tools/server/README-dev.md, "Resumable streaming"
 */
export class KeptStreams {
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly timers: Timers) {}

  find(keyId: string | null, id: string): KeptStream | null {
    return this.#kept.get(keyOf(keyId, id))?.stream ?? null;
  }

  /** Of these ids, and of each id with a model's name after it. */
  named(keyId: string | null, ids: readonly string[]): KeptStream[] {
    const own = [...this.#kept].filter(([key, { stream }]) => key === keyOf(keyId, stream.id));
    return own
      .map(([, { stream }]) => stream)
      .filter(({ id }) => ids.some(asked => id === asked || id.startsWith(`${asked}::`)));
  }

  /**
   * Writes an answer to its end, in the place of an earlier one with the same id.
   *
   * @param stop ends the answer early
   * @returns null while too many answers are being written to keep another
   */
  keep(keyId: string | null, id: string, texts: AsyncIterable<string>, stop: () => void): KeptStream | null {
    this.stop(keyId, id);
    if (!this.#makeRoom()) return null;
    const kept: Kept = { stream: new KeptStream(id, this.timers.nowMs()), stop, forget: () => {} };
    this.#kept.set(keyOf(keyId, id), kept);
    void this.#write(kept, texts).finally(() => {
      kept.stream.end(this.timers.nowMs());
      kept.forget = this.timers.after(KEPT_AFTER_END_MS, () => this.#remove(keyOf(keyId, id), kept));
    });
    return kept.stream;
  }

  /** Also for an answer that is not there. */
  stop(keyId: string | null, id: string): void {
    const key = keyOf(keyId, id);
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    kept.stop();
    this.#remove(key, kept);
  }

  close(): void {
    for (const [key, kept] of this.#kept) {
      kept.stop();
      this.#remove(key, kept);
    }
  }

  /** Whoever reads the stream gets the same bytes, so signs of life are a part of it. */
  async #write({ stream }: Kept, texts: AsyncIterable<string>): Promise<void> {
    const showLife = (): void => stream.append(SIGN_OF_LIFE);
    showLife();
    const timer = setInterval(showLife, SIGN_OF_LIFE_MS);
    try {
      for await (const text of texts) stream.append(text);
    } catch {
      // What fails is an event of the stream; only a stopped answer ends without one.
    } finally {
      clearInterval(timer);
    }
  }

  #makeRoom(): boolean {
    if (this.#kept.size < MOST_STREAMS) return true;
    const ended = [...this.#kept].find(([, { stream }]) => stream.completedAtMs !== null);
    if (ended !== undefined) this.#remove(...ended);
    return ended !== undefined;
  }

  #remove(key: string, kept: Kept): void {
    kept.forget();
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }
}

const keyOf = (keyId: string | null, id: string): string => JSON.stringify([keyId, id]);
