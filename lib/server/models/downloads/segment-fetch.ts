import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { asHeaderError, type CheckedResponse, checkedRequest } from "../hub/checked-request";
import { DirectRead } from "../hub/direct-read";
import { DownloadError } from "./download-error";
import { lengthOf, type Segment } from "./part-state";
import { refusedAnswer } from "./refused-answer";
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
    const headers = hasRanges ? { range, ...ifRange(part.etag) } : {};
    const direct = new DirectRead();
    const answer = await checkedRequest(url, headers, rules, signal, direct);
    try {
      if (isRange(answer, segment, options) || options.onWhole())
        await readBody(answer, direct, segment, { ...options, signal, onCame: watched.came });
    } finally {
      answer.response.destroy();
    }
  } finally {
    watched.stop();
  }
}

/** A weak etag only promises the same meaning, which is not enough to join pieces. */
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
  throw new DownloadError("DOWNLOAD_FAILED", "restart", message);
}

async function readBody(
  { url, response }: CheckedResponse,
  direct: DirectRead,
  segment: Segment,
  { file, limit, signal, onBytes, onCame }: SegmentFetchOptions & { readonly onCame: (bytes: number) => void },
): Promise<void> {
  const take = (bytes: Buffer): Promise<unknown> | null => {
    onCame(bytes.byteLength);
    // Another connection may have taken over the end of this stretch meanwhile.
    const own = bytes.subarray(0, lengthOf(segment));
    writeAll(file.fd, own, segment.nextBytes);
    segment.nextBytes += own.byteLength;
    onBytes(own.byteLength);
    return limit.spend(bytes.byteLength, signal);
  };
  try {
    await direct.readBody(response, take, () => lengthOf(segment) <= 0);
  } catch (error) {
    throw isOfDisk(error) ? error : asHeaderError(error, url, signal);
  }
  if (lengthOf(segment) > 0)
    throw new DownloadError("DOWNLOAD_FAILED", "retry", `${url.host} closed the connection early.`);
}

/**
 * At once, in the thread of the transfer: the bytes are still in the processor's cache, their memory is free again for the next ones,
 * and what counts as fetched is on the disk. @throws the file system's error; a disk that is nearly full takes a part before
 */
function writeAll(fd: number, bytes: Buffer, atBytes: number): void {
  for (let written = 0; written < bytes.byteLength; )
    written += writeSync(fd, bytes, written, bytes.byteLength - written, atBytes + written);
}

const isOfDisk = (error: unknown): boolean => error instanceof Error && "syscall" in error && error.syscall === "write";

const changed = ({ host }: URL): DownloadError =>
  new DownloadError("DOWNLOAD_FAILED", "restart", `The file on ${host} changed while it was fetched.`);
