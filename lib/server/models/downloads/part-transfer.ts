import { type FileHandle, open } from "node:fs/promises";
import { MIB } from "@/lib/units/bytes";
import { DownloadError } from "./download-error";
import { lengthOf, missingBytes, type Segment } from "./part-state";
import { fetchSegment } from "./segment-fetch";
import type { TransferOptions } from "./transfer-options";

/** A shorter stretch is not worth another connection. */
const MIN_SPLIT_BYTES = 8 * MIB;
/** One more connection must bring this much more to stay. */
const WORTHWHILE_GAIN = 1.15;

/** Closes one connection, because fewer are as fast. */
class NotNeeded extends Error {}

/**
 * Fetches what is missing of one file to `path`. It begins with one connection and takes more as long as that is faster;
 * a new one takes over the second half of the longest stretch that is still to come.
 *
 * `part.segments` always says what is not yet written. The file is there already.
 *
 * @throws DownloadError, RemoteHeaderError, the file system's error, or the signal's reason
 */
export async function transferPart(options: TransferOptions): Promise<void> {
  const file = await open(options.path, "r+");
  try {
    await new PartTransfer(options, file).run();
  } finally {
    await file.close();
  }
}

class PartTransfer {
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #taken = new Map<Segment, AbortController>();
  #lanes = new Set<Promise<void>>();
  #targetConnections = 1;
  #hasRanges = true;
  #problem: unknown = null;
  #windowBytes = 0;

  constructor(
    private readonly options: TransferOptions,
    private readonly file: FileHandle,
  ) {
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  async run(): Promise<void> {
    const stopWeighing = this.#weigh();
    try {
      this.#open();
      while (this.#lanes.size > 0) {
        await Promise.race(this.#lanes);
        const isLeft = this.#lanes.size === 0 && this.#problem === null && missingBytes(this.options.part) > 0;
        if (isLeft && !this.#signal.aborted) this.#open();
      }
    } finally {
      stopWeighing();
    }
    this.options.signal.throwIfAborted();
    if (missingBytes(this.options.part) === 0) return;
    throw this.#problem ?? new DownloadError("DOWNLOAD_FAILED", "retry", "The connection ended early.");
  }

  #open(): void {
    const lane: Promise<void> = this.#fetchStretches()
      .catch(error => this.#failed(error))
      .finally(() => this.#lanes.delete(lane));
    this.#lanes.add(lane);
  }

  /** The last connection's failure ends the transfer, and so does every failure that others would meet as well. */
  #failed(error: unknown): void {
    if (error instanceof NotNeeded) return;
    this.#problem ??= error;
    const code = error instanceof Error && "code" in error ? error.code : null;
    const isPassing = code === "DOWNLOAD_FAILED" || code === "HUB_FAILED";
    if (isPassing && this.#lanes.size > 1) this.#targetConnections = Math.max(1, this.#lanes.size - 1);
    else this.#stop.abort(error);
  }

  async #fetchStretches(): Promise<void> {
    for (let segment = this.#take(); segment !== null; segment = this.#take()) {
      const abort = new AbortController();
      this.#taken.set(segment, abort);
      try {
        await this.#fetch(segment, abort);
      } finally {
        this.#taken.delete(segment);
      }
      const { part } = this.options;
      part.segments = part.segments.filter(({ nextBytes, endBytes }) => nextBytes < endBytes);
      if (this.#lanes.size > this.#targetConnections) return;
    }
  }

  #take(): Segment | null {
    const { segments } = this.options.part;
    const free = segments.find(segment => !this.#taken.has(segment) && segment.nextBytes < segment.endBytes);
    if (free !== undefined || !this.#hasRanges) return free ?? null;
    const [longest] = [...this.#taken.keys()].sort((one, other) => lengthOf(other) - lengthOf(one));
    if (longest === undefined || lengthOf(longest) < 2 * MIN_SPLIT_BYTES) return null;
    const middleBytes = longest.nextBytes + Math.ceil(lengthOf(longest) / 2);
    const second = { nextBytes: middleBytes, endBytes: longest.endBytes };
    longest.endBytes = middleBytes;
    segments.push(second);
    return second;
  }

  /** Every so often, another connection is tried; the number at which the speed stops growing is kept. */
  #weigh(): () => void {
    const { pace, limit } = this.options;
    let best = 0;
    let isSettled = false;
    let hasBegun = false;
    const timer = setInterval(() => {
      const rate = this.#windowBytes;
      this.#windowBytes = 0;
      if (!hasBegun) {
        hasBegun = rate > 0;
        return;
      }
      if (isSettled || !this.#hasRanges || limit.isHolding) return;
      const isFaster = rate > best * WORTHWHILE_GAIN;
      if (!isFaster && this.#targetConnections > 1) {
        isSettled = true;
        this.#shrinkTo(Math.ceil(this.#targetConnections / 2));
      } else if (this.#targetConnections < pace.maxConnections) {
        best = rate;
        this.#targetConnections = Math.min(pace.maxConnections, this.#targetConnections * 2);
        while (this.#lanes.size < this.#targetConnections) this.#open();
      }
    }, pace.weighMs);
    return () => clearInterval(timer);
  }

  #shrinkTo(connections: number): void {
    this.#targetConnections = connections;
    for (const abort of [...this.#taken.values()].slice(connections)) abort.abort(new NotNeeded());
  }

  #fetch(segment: Segment, abort: AbortController): Promise<void> {
    return fetchSegment(segment, {
      ...this.options,
      file: this.file,
      hasRanges: this.#hasRanges,
      signal: this.#signal,
      abort,
      onWhole: () => this.#restartWhole(segment),
      onBytes: bytes => {
        this.#windowBytes += bytes;
        this.options.onBytes(bytes);
      },
    });
  }

  /** A server without ranges sends the file from its start: what was fetched before is fetched again, never spliced. */
  #restartWhole(segment: Segment): boolean {
    const { part } = this.options;
    const isWhole = segment.nextBytes === 0 && segment.endBytes === part.fileBytes;
    this.#hasRanges = false;
    if (isWhole) return true;
    for (const [other, abort] of this.#taken) if (other !== segment) abort.abort(new NotNeeded());
    this.#targetConnections = 1;
    const lostBytes = part.fileBytes - missingBytes(part);
    segment.nextBytes = 0;
    segment.endBytes = 0;
    part.segments = [{ nextBytes: 0, endBytes: part.fileBytes }];
    this.options.onBytes(-lostBytes);
    return false;
  }
}
