import { type FileHandle, open } from "node:fs/promises";
import { MIB } from "@/lib/units/bytes";
import { asHeaderError, type CheckedResponse, checkedRequest, type RequestRules } from "../hub/checked-request";
import { DownloadError } from "./download-error";
import type { SpeedLimit } from "./speed-limit";

/** A stretch of the file that is still to come: from `nextBytes` up to, not including, `endBytes`. */
export interface Segment {
  nextBytes: number;
  endBytes: number;
}

/** One file of a model as the server described it, and what of it is still to come. */
export interface PartState {
  readonly fileBytes: number;
  readonly etag: string | null;
  readonly sha256: string | null;
  segments: Segment[];
}

export interface TransferPace {
  /** A connection that brings less than `stallBytes` in this time is given up. */
  readonly stallMs: number;
  readonly stallBytes: number;
  /** How often the number of connections is weighed. */
  readonly weighMs: number;
  readonly maxConnections: number;
}

/** Slower than two kilobytes a second is as good as nothing. */
export const usualPace: TransferPace = { stallMs: 30_000, stallBytes: 64 * 1024, weighMs: 500, maxConnections: 8 };

export interface TransferOptions {
  readonly url: URL;
  readonly path: string;
  readonly part: PartState;
  readonly rules: RequestRules;
  readonly limit: SpeedLimit;
  readonly pace: TransferPace;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Bytes that are gathered before they are written. */
const WRITE_BYTES = MIB;
/** A shorter stretch is not worth another connection. */
const MIN_SPLIT_BYTES = 8 * MIB;
/** One more connection must bring this much more to stay. */
const WORTHWHILE_GAIN = 1.15;
/** A server may ask for any time; after this, it is asked again. */
const MAX_WAIT_MS = 60 * 60 * 1000;

export const missingBytes = ({ segments }: PartState): number =>
  segments.reduce((sum, { nextBytes, endBytes }) => sum + endBytes - nextBytes, 0);

/** Closes one connection, because fewer are as fast. */
class NotNeeded extends Error {}

/**
 * Fetches what is missing of one file to `path`. It begins with one connection and takes more as long as that is faster;
 * a new one takes over the second half of the longest stretch that is still to come.
 *
 * `part.segments` always says what is not yet written.
 *
 * @throws DownloadError, RemoteHeaderError, the file system's error, or the signal's reason
 */
export async function transferPart(options: TransferOptions): Promise<void> {
  const file = await open(options.path, "r+").catch(() => open(options.path, "w+"));
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
  #wanted = 1;
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
    const isPassing = error instanceof Error && "code" in error && error.code === "DOWNLOAD_FAILED";
    if (isPassing && this.#lanes.size > 1) this.#wanted = Math.max(1, this.#lanes.size - 1);
    else this.#stop.abort(error);
  }

  async #fetchStretches(): Promise<void> {
    for (let segment = this.#take(); segment !== null; segment = this.#take()) {
      const abort = new AbortController();
      this.#taken.set(segment, abort);
      try {
        await this.#fetch(segment, AbortSignal.any([this.#signal, abort.signal]), abort);
      } finally {
        this.#taken.delete(segment);
      }
      const { part } = this.options;
      part.segments = part.segments.filter(({ nextBytes, endBytes }) => nextBytes < endBytes);
      if (this.#lanes.size > this.#wanted) return;
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
      if (isSettled || !this.#hasRanges || limit.bytesPerSecond !== null) return;
      const isFaster = rate > best * WORTHWHILE_GAIN;
      if (!isFaster && this.#wanted > 1) {
        isSettled = true;
        this.#shrinkTo(Math.ceil(this.#wanted / 2));
      } else if (this.#wanted < pace.maxConnections) {
        best = rate;
        this.#wanted = Math.min(pace.maxConnections, this.#wanted * 2);
        while (this.#lanes.size < this.#wanted) this.#open();
      }
    }, pace.weighMs);
    return () => clearInterval(timer);
  }

  #shrinkTo(connections: number): void {
    this.#wanted = connections;
    for (const abort of [...this.#taken.values()].slice(connections)) abort.abort(new NotNeeded());
  }

  async #fetch(segment: Segment, signal: AbortSignal, abort: AbortController): Promise<void> {
    const { url, rules, part } = this.options;
    const { nextBytes, endBytes } = segment;
    const watched = this.#watchStall(abort);
    try {
      const range = this.#hasRanges ? { range: `bytes=${nextBytes}-${endBytes - 1}`, ...ifRange(part.etag) } : {};
      const answer = await checkedRequest(url, range, rules, signal);
      try {
        if (!this.#check(answer, segment)) return;
        await this.#read(answer, segment, watched.came, signal);
      } finally {
        answer.response.destroy();
      }
    } finally {
      watched.stop();
    }
  }

  #watchStall(abort: AbortController): { came(bytes: number): void; stop(): void } {
    const { pace, limit, url } = this.options;
    let bytes = 0;
    const timer = setInterval(() => {
      if (bytes < pace.stallBytes && limit.bytesPerSecond === null)
        abort.abort(
          new DownloadError(
            "DOWNLOAD_FAILED",
            "retry",
            `${url.host} sent only ${bytes} bytes in ${pace.stallMs / 1000} s.`,
          ),
        );
      bytes = 0;
    }, pace.stallMs);
    return {
      came: some => {
        bytes += some;
      },
      stop: () => clearInterval(timer),
    };
  }

  /** @returns false if the server does not know ranges: the stretch is then asked for again, as the whole file */
  #check({ url, response, linked }: CheckedResponse, segment: Segment): boolean {
    const { part } = this.options;
    const { statusCode = 0, headers } = response;
    if (statusCode === 416) throw changed(url);
    if (statusCode !== 200 && statusCode !== 206) throw refusal(statusCode, url, this.options.url, headers);
    if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity")
      throw new DownloadError("DOWNLOAD_FAILED", "drop", `${url.host} compressed the file although asked not to.`);
    const isOther = (headers.etag ?? null) !== part.etag;
    if (isOther || (linked.sha256 !== null && part.sha256 !== null && linked.sha256 !== part.sha256))
      throw changed(url);
    if (statusCode === 206) {
      const expected = `bytes ${segment.nextBytes}-`;
      const range = headers["content-range"] ?? "";
      if (range.startsWith(expected) && range.endsWith(`/${part.fileBytes}`)) return true;
      throw /\/\d+$/.test(range) && !range.endsWith(`/${part.fileBytes}`)
        ? changed(url)
        : new DownloadError(
            "DOWNLOAD_FAILED",
            "anew",
            `${url.host} sent another range than was asked for ("${range}").`,
          );
    }
    if (Number(headers["content-length"]) !== part.fileBytes) throw changed(url);
    return this.#beginWhole(segment);
  }

  /** A server without ranges sends the file from its start: what was fetched before is fetched again, never spliced. */
  #beginWhole(segment: Segment): boolean {
    const { part } = this.options;
    const isWhole = segment.nextBytes === 0 && segment.endBytes === part.fileBytes;
    this.#hasRanges = false;
    if (isWhole) return true;
    for (const [other, abort] of this.#taken) if (other !== segment) abort.abort(new NotNeeded());
    this.#wanted = 1;
    this.options.onBytes(missingBytes(part) - part.fileBytes);
    segment.nextBytes = 0;
    segment.endBytes = 0;
    part.segments = [{ nextBytes: 0, endBytes: part.fileBytes }];
    return false;
  }

  async #read(
    { url, response }: CheckedResponse,
    segment: Segment,
    came: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { limit } = this.options;
    let gathered: Buffer[] = [];
    let gatheredBytes = 0;
    const flush = async (): Promise<void> => {
      const chunks = gathered;
      gathered = [];
      gatheredBytes = 0;
      await this.#write(chunks, segment);
    };
    try {
      for await (const chunk of response) {
        if (!Buffer.isBuffer(chunk)) continue;
        came(chunk.byteLength);
        gathered.push(chunk);
        gatheredBytes += chunk.byteLength;
        if (limit.bytesPerSecond !== null) await limit.spend(chunk.byteLength, signal);
        const isEnough = gatheredBytes >= WRITE_BYTES || limit.bytesPerSecond !== null;
        if (isEnough) await flush();
        if (segment.nextBytes + gatheredBytes >= segment.endBytes) break;
      }
    } catch (error) {
      // What has come is kept; an error of the disk comes again here and counts more.
      if (!isOfDisk(error)) await flush();
      throw isOfDisk(error) ? error : asHeaderError(error, url, signal);
    }
    await flush();
    if (segment.nextBytes < segment.endBytes)
      throw new DownloadError("DOWNLOAD_FAILED", "retry", `${url.host} closed the connection early.`);
  }

  /** Another connection may have taken over the end of this stretch meanwhile: nothing is written there. */
  async #write(chunks: Buffer[], segment: Segment): Promise<void> {
    const startBytes = segment.nextBytes;
    let roomBytes = segment.endBytes - startBytes;
    const own: Buffer[] = [];
    for (const chunk of chunks) {
      if (roomBytes <= 0) break;
      own.push(chunk.subarray(0, roomBytes));
      roomBytes -= chunk.byteLength;
    }
    const bytes = own.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (bytes === 0) return;
    await writeAll(this.file, own, startBytes);
    // The end may have moved while this was written; those bytes are then fetched twice, and are the same.
    const writtenBytes = Math.min(segment.endBytes, startBytes + bytes) - startBytes;
    segment.nextBytes = startBytes + writtenBytes;
    this.#windowBytes += writtenBytes;
    this.options.onBytes(writtenBytes);
  }
}

async function writeAll(file: FileHandle, chunks: readonly Buffer[], startBytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, startBytes);
  const all = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (bytesWritten === all) return;
  // A disk that is nearly full takes a part; the next write says why.
  await file.write(Buffer.concat(chunks), bytesWritten, all - bytesWritten, startBytes + bytesWritten);
}

const lengthOf = ({ nextBytes, endBytes }: Segment): number => endBytes - nextBytes;

/** A weak etag says "means the same", which is not enough to splice. */
const ifRange = (etag: string | null): { "if-range"?: string } =>
  etag === null || etag.startsWith("W/") ? {} : { "if-range": etag };

const isOfDisk = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && (error.syscall === "write" || error.syscall === "writev");

const changed = ({ host }: URL): DownloadError =>
  new DownloadError("DOWNLOAD_FAILED", "anew", `The file on ${host} changed while it was fetched.`);

/** The page of a repository, where its terms are accepted. */
const pageOf = ({ origin, pathname }: URL): string => origin + pathname.split("/").slice(0, 3).join("/");

/** @param original address at the hub; `url` may be of the server that it led to */
export function refusal(
  status: number,
  url: URL,
  original: URL,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): DownloadError {
  const file = original.pathname.split("/").at(-1) ?? "";
  switch (status) {
    case 401:
      return new DownloadError("FORBIDDEN", "keep", `${url.host} wants a sign-in for ${file}.`, {
        next: `Ask for access at ${pageOf(original)}, set HF_TOKEN, restart Headroom, then try again.`,
      });
    case 403:
      return new DownloadError("FORBIDDEN", "keep", `${url.host} does not give out ${file}: it is gated or private.`, {
        next: `Accept its terms at ${pageOf(original)}, set HF_TOKEN, restart Headroom, then try again.`,
      });
    case 404:
      return new DownloadError("MODEL_NOT_FOUND", "drop", `${url.host} has no ${file}.`, {
        next: "Check the owner, the repository and the file's name.",
      });
    case 429:
      return new DownloadError("BUSY", "retry", `${url.host} asks to wait: too many requests.`, {
        next: "Nothing to do: it goes on by itself.",
        waitMs: retryAfterMs(headers["retry-after"]),
      });
    default:
      return new DownloadError(
        "DOWNLOAD_FAILED",
        status >= 500 ? "retry" : "keep",
        `${url.host} answered ${status} for ${file}.`,
        {
          next: "Try again later.",
        },
      );
  }
}

/** Seconds or a date; a minute where the server does not say. */
function retryAfterMs(header: string | string[] | undefined): number {
  const text = String(header ?? "60");
  const seconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(seconds) ? Math.min(MAX_WAIT_MS, Math.max(1000, seconds)) : 60_000;
}
