import type { FileHandle } from "node:fs/promises";
import { KIB } from "@/lib/units/bytes";
import { lengthOf, type Segment } from "./part-state";

/**
 * Bytes that are gathered before they are written. With 1 MiB, the copying to the system's cache took two to four times as much of the
 * processor: by then the bytes have left the processor's own cache.
 */
const WRITE_BYTES = 256 * KIB;
/**
 * A write also waits for a thread of the process to become free. With one at a time the line stood still meanwhile: 2 GiB took about
 * twice as long as with four.
 */
const WRITES_AT_ONCE = 4;

/** Writes what one connection brings, while the next bytes come. */
export class SegmentWriter {
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  /** Oldest first. One that failed stays: whoever waits for it meets its error. */
  readonly #writes: Promise<void>[] = [];
  #onTheWayBytes = 0;

  constructor(
    private readonly file: FileHandle,
    private readonly segment: Segment,
    private readonly onWritten: (bytes: number) => void,
  ) {}

  /** Whether all that was asked for has come; it may not be written yet. */
  get isComplete(): boolean {
    return this.#onTheWayBytes + this.#gatheredBytes >= lengthOf(this.segment);
  }

  /** @returns what to wait for before the next bytes, or null. It rejects with the file system's error, also that of an earlier write. */
  add(chunk: Buffer): Promise<void> | null {
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.byteLength;
    return this.#gatheredBytes < WRITE_BYTES ? null : this.flush();
  }

  /** Begins to write what was gathered. @returns as `add` does */
  flush(): Promise<void> | null {
    if (this.#writes.length >= WRITES_AT_ONCE) return this.#flushLater();
    this.#begin();
    return null;
  }

  async #flushLater(): Promise<void> {
    while (this.#writes.length >= WRITES_AT_ONCE) await this.#writes[0];
    this.#begin();
  }

  /** Waits until all that has come is on the disk. @throws the file system's error */
  async finish(): Promise<void> {
    this.#begin();
    await Promise.all(this.#writes);
  }

  /** Another connection may have taken over the end of this stretch meanwhile: nothing is written there. */
  #begin(): void {
    const startBytes = this.segment.nextBytes + this.#onTheWayBytes;
    const own = firstBytes(this.#gathered, this.segment.endBytes - startBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (own.length === 0) return;
    const write = this.#write(own, startBytes, this.#writes.at(-1));
    this.#writes.push(write);
    // Nobody may be waiting now.
    write.catch(() => {});
  }

  /** Counts only once all before it is written: nothing that is missing may lie before `nextBytes`. */
  async #write(chunks: readonly Buffer[], startBytes: number, before: Promise<void> | undefined): Promise<void> {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    this.#onTheWayBytes += bytes;
    await Promise.all([writeAll(this.file, chunks, bytes, startBytes), before]);
    this.#onTheWayBytes -= bytes;
    this.#writes.shift();
    // The end may have moved while this was written; those bytes are then fetched twice, and are the same.
    const endBytes = Math.min(this.segment.endBytes, startBytes + bytes);
    if (endBytes <= startBytes) return;
    this.segment.nextBytes = endBytes;
    this.onWritten(endBytes - startBytes);
  }
}

function firstBytes(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let roomBytes = bytes;
  return chunks.flatMap(chunk => {
    const own = chunk.subarray(0, Math.max(0, roomBytes));
    roomBytes -= chunk.byteLength;
    return own.byteLength === 0 ? [] : [own];
  });
}

async function writeAll(file: FileHandle, chunks: readonly Buffer[], bytes: number, startBytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, startBytes);
  if (bytesWritten === bytes) return;
  // A disk that is nearly full takes a part; the next write says why.
  await file.write(Buffer.concat(chunks), bytesWritten, bytes - bytesWritten, startBytes + bytesWritten);
}
