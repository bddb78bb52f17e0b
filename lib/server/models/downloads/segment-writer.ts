import type { FileHandle } from "node:fs/promises";
import { MIB } from "@/lib/units/bytes";
import { lengthOf, type Segment } from "./part-state";

/** Bytes that are gathered before they are written. */
const WRITE_BYTES = MIB;

/** Writes what one connection brings, while the next bytes come. */
export class SegmentWriter {
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #onTheWayBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly file: FileHandle,
    private readonly segment: Segment,
    private readonly onWritten: (bytes: number) => void,
  ) {}

  /** Whether all that was asked for has come; it may not be written yet. */
  get isComplete(): boolean {
    return this.#onTheWayBytes + this.#gatheredBytes >= lengthOf(this.segment);
  }

  /** @throws the file system's error, also that of an earlier write */
  async add(chunk: Buffer, { now = false }: { readonly now?: boolean } = {}): Promise<void> {
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.byteLength;
    if (now || this.#gatheredBytes >= WRITE_BYTES) await this.#begin();
  }

  /** Waits until all that has come is on the disk. @throws the file system's error */
  async finish(): Promise<void> {
    await this.#begin();
    await this.#writing;
  }

  async #begin(): Promise<void> {
    await this.#writing;
    const chunks = this.#gathered;
    this.#gathered = [];
    this.#onTheWayBytes = this.#gatheredBytes;
    this.#gatheredBytes = 0;
    this.#writing = this.#write(chunks);
    // The next call meets the error: nobody may be waiting now.
    this.#writing.catch(() => {});
  }

  /** Another connection may have taken over the end of this stretch meanwhile: nothing is written there. */
  async #write(chunks: readonly Buffer[]): Promise<void> {
    const { segment } = this;
    const startBytes = segment.nextBytes;
    const own = firstBytes(chunks, lengthOf(segment));
    const bytes = own.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (bytes === 0) return;
    await writeAll(this.file, own, startBytes);
    // The end may have moved while this was written; those bytes are then fetched twice, and are the same.
    const writtenBytes = Math.min(segment.endBytes, startBytes + bytes) - startBytes;
    segment.nextBytes = startBytes + writtenBytes;
    this.#onTheWayBytes = 0;
    this.onWritten(writtenBytes);
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

async function writeAll(file: FileHandle, chunks: readonly Buffer[], startBytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, startBytes);
  const all = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (bytesWritten === all) return;
  // A disk that is nearly full takes a part; the next write says why.
  await file.write(Buffer.concat(chunks), bytesWritten, all - bytesWritten, startBytes + bytesWritten);
}
