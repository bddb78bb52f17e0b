import type { FileHandle } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { asHeaderError, type CheckedResponse, checkedRequest } from "../hub/checked-request";
import { DownloadError } from "./download-error";
import type { Segment } from "./part-state";
import { refusedAnswer } from "./refused-answer";
import { SegmentWriter } from "./segment-writer";
import type { TransferOptions } from "./transfer-options";

export interface SegmentFetchOptions extends TransferOptions {
  readonly file: FileHandle;
  /** false: the whole file is asked for, because the server does not know ranges. */
  readonly hasRanges: boolean;
  /** Ends this connection alone. */
  readonly abort: AbortController;
  /** The server sends the whole file. @returns whether this connection goes on with it */
  readonly onWhole: () => boolean;
}

/**
 * Fetches one stretch of a file over one connection. `segment` always says what is not on the disk yet.
 *
 * @throws DownloadError, RemoteHeaderError, the file system's error, or the signal's reason
 */
export async function fetchSegment(segment: Segment, options: SegmentFetchOptions): Promise<void> {
  const { url, rules, part, hasRanges, abort } = options;
  const signal = AbortSignal.any([options.signal, abort.signal]);
  const watched = watchStall(options);
  try {
    const range = `bytes=${segment.nextBytes}-${segment.endBytes - 1}`;
    const answer = await checkedRequest(url, hasRanges ? { range, ...ifRange(part.etag) } : {}, rules, signal);
    try {
      if (isRange(answer, segment, options) || options.onWhole())
        await readBody(answer, segment, { ...options, signal, onCame: watched.came });
    } finally {
      answer.response.destroy();
    }
  } finally {
    watched.stop();
  }
}

/** A weak etag says "means the same", which is not enough to splice. */
const ifRange = (etag: string | null): { "if-range"?: string } =>
  etag === null || etag.startsWith("W/") ? {} : { "if-range": etag };

function watchStall({ pace, limit, url, abort }: SegmentFetchOptions): { came(bytes: number): void; stop(): void } {
  let bytes = 0;
  const timer = setInterval(() => {
    if (bytes < pace.stallBytes && limit.bytesPerSecond === null) {
      const message = `${url.host} sent only ${bytes} bytes in ${pace.stallMs / 1000} s.`;
      abort.abort(new DownloadError("DOWNLOAD_FAILED", "retry", message));
    }
    bytes = 0;
  }, pace.stallMs);
  return {
    came: some => {
      bytes += some;
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * Checks that the answer belongs to the file that was begun.
 *
 * @returns false for the whole file instead of the range
 */
function isRange(
  { url, response, linked }: CheckedResponse,
  segment: Segment,
  { part, url: original, rules }: SegmentFetchOptions,
): boolean {
  const { statusCode = 0, headers } = response;
  if (statusCode === 416) throw changed(url);
  if (statusCode !== 200 && statusCode !== 206)
    throw refusedAnswer(response, { url, original, hasToken: rules.token !== null });
  if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity")
    throw new DownloadError("DOWNLOAD_FAILED", "drop", `${url.host} compressed the file although asked not to.`);
  const isOther = (headers.etag ?? null) !== part.etag;
  if (isOther || (linked.sha256 !== null && part.sha256 !== null && linked.sha256 !== part.sha256)) throw changed(url);
  if (statusCode === 200) {
    if (Number(headers["content-length"]) !== part.fileBytes) throw changed(url);
    return false;
  }
  const range = headers["content-range"] ?? "";
  if (range.startsWith(`bytes ${segment.nextBytes}-`) && range.endsWith(`/${part.fileBytes}`)) return true;
  if (/\/\d+$/.test(range) && !range.endsWith(`/${part.fileBytes}`)) throw changed(url);
  const message = `${url.host} sent another range than was asked for ("${range}").`;
  throw new DownloadError("DOWNLOAD_FAILED", "anew", message);
}

async function readBody(
  { url, response }: CheckedResponse,
  segment: Segment,
  { file, limit, signal, onBytes, onCame }: SegmentFetchOptions & { readonly onCame: (bytes: number) => void },
): Promise<void> {
  const writer = new SegmentWriter(file, segment, onBytes);
  const take = (chunk: Buffer): Promise<unknown> | null => {
    onCame(chunk.byteLength);
    const written = writer.add(chunk);
    const allowed = limit.spend(chunk.byteLength, signal);
    // What is held back counts as far as it has come.
    return allowed === null ? written : Promise.all([written ?? writer.flush(), allowed]);
  };
  try {
    await readPieces(response, take, () => writer.isComplete);
  } catch (error) {
    // What has come is kept; an error of the disk comes again here and counts more.
    if (!isOfDisk(error)) await writer.finish();
    throw isOfDisk(error) ? error : asHeaderError(error, url, signal);
  }
  await writer.finish();
  if (segment.nextBytes < segment.endBytes)
    throw new DownloadError("DOWNLOAD_FAILED", "retry", `${url.host} closed the connection early.`);
}

/**
 * Hands on what comes until the answer ends or enough has come. An iterator would make promises for each piece and copy those that
 * have gathered: a tenth of the processor time of the whole download.
 *
 * @param take returns what to wait for before the next piece, or null
 */
function readPieces(
  response: IncomingMessage,
  take: (chunk: Buffer) => Promise<unknown> | null,
  isEnough: () => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once("error", reject).once("close", resolve).once("end", resolve);
    response.on("data", (chunk: Buffer) => {
      const wait = take(chunk);
      if (wait === null && !isEnough()) return;
      response.pause();
      Promise.resolve(wait).then(() => (isEnough() ? resolve() : response.resume()), reject);
    });
  });
}

const isOfDisk = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && (error.syscall === "write" || error.syscall === "writev");

const changed = ({ host }: URL): DownloadError =>
  new DownloadError("DOWNLOAD_FAILED", "anew", `The file on ${host} changed while it was fetched.`);
