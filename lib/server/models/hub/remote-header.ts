import type { IncomingMessage } from "node:http";
import { GgufFormatError } from "@/lib/gguf/header/gguf-format-error";
import { headerOrNeed } from "@/lib/gguf/header/header-or-need";
import { vocabularySpan } from "@/lib/gguf/header/vocabulary-span";
import { parseGgufParts } from "@/lib/gguf/parse-gguf";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { eachOf } from "@/lib/server/system/each-of";
import { asHeaderError, type CheckedResponse, checkedRequest, type RequestRules } from "./checked-request";
import { RemoteHeaderError, tooMany } from "./remote-header-error";
import { parseRemoteSource } from "./remote-source";

/** Holds the whole header of a model with a small vocabulary, and reveals the size of the file. */
const FIRST_BYTES = 512 * 1024;
/** For all parts together. The largest headers known have about 20 MiB. */
const MAX_TOTAL_BYTES = 96 * 1024 * 1024;
/** The largest single files of models have some 50 GB; file systems hold sparse files of up to 16 TiB. */
const MAX_FILE_BYTES = 2 ** 42;
const DEFAULT_TIME_LIMIT_MS = 30_000;
/** Parts after the first have a tensor table and no vocabulary. */
const LATER_PART_BYTES = 64 * 1024;
/** Simultaneous requests for the parts of a split model. */
const PARTS_AT_ONCE = 4;
/** Read of the vocabulary at both of its ends, and compared: the bytes in between are then taken from the model that is alike. */
const COMPARED_BYTES = 4096;
/** Other names and file types move the vocabulary by some bytes. */
const MOST_MOVED_BYTES = COMPARED_BYTES / 2;
/** Names of an imatrix's files make the part behind the vocabulary longer. */
const SPARE_BYTES = 4096;

export interface RemoteHeaderOptions {
  /** HF_ENDPOINT: the server that `hf:` means. */
  readonly endpoint: string;
  /** HF_TOKEN: sent only to the endpoint's host. */
  readonly token: string | null;
  /** Origins that may be plain http or private, in addition to the endpoint's own: a test's second server. */
  readonly trustedOrigins?: readonly string[];
  readonly timeLimitMs?: number;
  readonly signal?: AbortSignal;
}

/** Tells versions of a file apart without reading the content. The etag is null if the server gives none. */
export interface RemoteVersion {
  readonly fileBytes: number;
  readonly etag: string | null;
}

/** The first bytes of one file: its header and a little more. */
export interface RemotePart extends RemoteVersion {
  readonly url: string;
  readonly bytes: Uint8Array;
}

export interface RemoteHeader {
  /** Of all parts together. */
  readonly profile: ModelProfile;
  readonly parts: readonly RemotePart[];
  /** Received from the server; less than the parts have where a vocabulary was known. */
  readonly readBytes: number;
}

/**
 * Reads only the header of a model that is not on this computer, by range requests; of a split model, the headers of all parts.
 *
 * @param source http(s) address or `hf:owner/repo/file.gguf`
 * @param alike vocabularies of other models: if this model has one of them, it is not read again
 * @throws RemoteHeaderError, GgufFormatError for what is not a model, or the caller's abort reason
 */
export async function readRemoteHeader(
  source: string,
  options: RemoteHeaderOptions,
  alike: readonly KnownVocabulary[] = [],
): Promise<RemoteHeader> {
  const parts = await openParts(source, options, FIRST_BYTES, alike);
  for (;;) {
    const parsed = parseGgufParts(parts);
    if (parsed.kind === "profile")
      return {
        profile: parsed.profile,
        parts: parts.map(part => part.read()),
        readBytes: parts.reduce((sum, part) => sum + part.receivedBytes, 0),
      };
    await parts[parsed.part]?.readTo(parsed.bytes);
  }
}

/**
 * The present version of each part; reads one byte of each.
 *
 * @throws RemoteHeaderError, or the caller's abort reason
 */
export async function readRemoteVersions(source: string, options: RemoteHeaderOptions): Promise<RemoteVersion[]> {
  const parts = await openParts(source, options, 1);
  return parts.map(({ fileBytes, etag }) => ({ fileBytes, etag }));
}

/** @param firstBytes how many bytes to read of each part */
async function openParts(
  source: string,
  options: RemoteHeaderOptions,
  firstBytes: number,
  alike: readonly KnownVocabulary[] = [],
): Promise<OpenRemoteFile[]> {
  const urls = parseRemoteSource(source, options.endpoint);
  const hubOrigin = new URL(options.endpoint).origin;
  const reader = new RemoteReader(
    { hubOrigin, token: options.token, trustedOrigins: [hubOrigin, ...(options.trustedOrigins ?? [])] },
    timeLimit(options),
  );
  return eachOf(urls, PARTS_AT_ONCE, url => {
    if (url !== urls[0]) return reader.open(url, Math.min(firstBytes, LATER_PART_BYTES));
    return alike.length === 0 ? reader.open(url, firstBytes) : reader.openAlike(url, alike);
  });
}

/** The vocabulary of a header that was read whole. */
export interface KnownVocabulary {
  readonly bytes: Uint8Array;
  readonly startBytes: number;
  readonly endBytes: number;
  /** From the end of the vocabulary to the end of the header. */
  readonly restBytes: number;
}

/** null for a header without one that is worth sharing. */
export function knownVocabularyOf({ bytes, fileBytes }: RemotePart): KnownVocabulary | null {
  const span = vocabularySpan(bytes, fileBytes);
  if (span === null || span.endBytes - span.startBytes < 4 * COMPARED_BYTES) return null;
  const { startBytes, endBytes, headerBytes } = span;
  return { bytes, startBytes, endBytes, restBytes: headerBytes - endBytes };
}

function timeLimit({ timeLimitMs = DEFAULT_TIME_LIMIT_MS, signal }: RemoteHeaderOptions): AbortSignal {
  const limit = new AbortController();
  const late = new RemoteHeaderError("DOWNLOAD_FAILED", `The header took longer than ${timeLimitMs / 1000} s.`);
  setTimeout(() => limit.abort(late), timeLimitMs).unref();
  return signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
}

/** Reads from several files under one limit of bytes and time. */
class RemoteReader {
  #budgetBytes = MAX_TOTAL_BYTES;

  constructor(
    readonly rules: RequestRules,
    readonly signal: AbortSignal,
  ) {}

  async open(url: URL, firstBytes: number): Promise<OpenRemoteFile> {
    const file = new OpenRemoteFile(this, url);
    await file.readTo(firstBytes);
    return file;
  }

  async openAlike(url: URL, alike: readonly KnownVocabulary[]): Promise<OpenRemoteFile> {
    const file = new OpenRemoteFile(this, url);
    await file.readAround(alike);
    return file;
  }

  spend(bytes: number): void {
    this.#budgetBytes -= bytes;
    if (this.#budgetBytes < 0)
      throw new RemoteHeaderError("TOO_LARGE", `The header is larger than ${MAX_TOTAL_BYTES} bytes.`);
  }
}

class OpenRemoteFile {
  bytes: Uint8Array = new Uint8Array(0);
  fileBytes = 0;
  etag: string | null = null;
  receivedBytes = 0;
  #url: URL;

  constructor(
    private readonly reader: RemoteReader,
    private readonly original: URL,
  ) {
    this.#url = original;
  }

  read(): RemotePart {
    return { url: this.original.href, bytes: this.bytes, fileBytes: this.fileBytes, etag: this.etag };
  }

  /**
   * Reads what lies before and behind the vocabulary, and takes the vocabulary from the other model. Both ends of it are read and
   * compared, and the tensors must end where the file ends. Otherwise only what lies before it is kept, and the rest is read as usual.
   */
  async readAround(alike: readonly KnownVocabulary[]): Promise<void> {
    await this.readTo(Math.max(...alike.map(known => known.startBytes)) + COMPARED_BYTES + MOST_MOVED_BYTES);
    const head = this.bytes;
    const found = alike
      .map(known => ({ known, startBytes: vocabularyStart(head, known) }))
      .find(({ known, startBytes }) => Math.abs(startBytes - known.startBytes) <= MOST_MOVED_BYTES);
    if (found === undefined) return;
    const { known, startBytes } = found;
    const movedBytes = startBytes - known.startBytes;
    const endBytes = known.endBytes + movedBytes;
    const tailStart = endBytes - COMPARED_BYTES;
    const tail = await this.#readRange(tailStart, endBytes + known.restBytes + SPARE_BYTES);
    const sameEnd = known.bytes.subarray(known.endBytes - COMPARED_BYTES, known.endBytes);
    if (Buffer.compare(tail.subarray(0, COMPARED_BYTES), sameEnd) !== 0) return;
    const vocabulary = known.bytes.subarray(known.startBytes, known.endBytes - COMPARED_BYTES);
    const whole = Buffer.concat([head.subarray(0, startBytes), vocabulary, tail]);
    if (isExactHeader(whole, this.fileBytes)) this.bytes = whole;
  }

  /** Some bytes from the middle of the file; empty if the server has no ranges. */
  async #readRange(startBytes: number, endBytes: number): Promise<Uint8Array> {
    const { rules, signal } = this.reader;
    const range = { range: `bytes=${startBytes}-${Math.min(endBytes, this.fileBytes) - 1}` };
    const answer = await checkedRequest(this.#url, range, rules, signal);
    try {
      this.#check(answer);
      if (answer.response.statusCode !== 206) return new Uint8Array(0);
      this.#sameSize(rangeTotal(answer, startBytes), answer.url);
      const countBytes = Math.min(endBytes, this.fileBytes) - startBytes;
      this.reader.spend(countBytes);
      this.receivedBytes += countBytes;
      return await readBody(answer, countBytes, signal);
    } finally {
      answer.response.destroy();
    }
  }

  /** Extends `bytes` to this many from the start of the file, or to its end. */
  async readTo(wantedBytes: number): Promise<void> {
    const { rules, signal } = this.reader;
    const haveBytes = this.bytes.byteLength;
    const range = { range: `bytes=${haveBytes}-${wantedBytes - 1}` };
    const answer = await checkedRequest(this.#url, range, rules, signal);
    try {
      this.#check(answer);
      // A server without ranges sends the whole file from its start. Earlier bytes are then read again, never spliced.
      const isPartial = answer.response.statusCode === 206;
      const startBytes = isPartial ? haveBytes : 0;
      this.fileBytes = this.#sameSize(isPartial ? rangeTotal(answer, startBytes) : wholeLength(answer), answer.url);
      const countBytes = Math.min(wantedBytes, this.fileBytes) - startBytes;
      this.reader.spend(countBytes);
      const read = await readBody(answer, countBytes, signal);
      this.receivedBytes += read.byteLength;
      this.bytes = Buffer.concat([this.bytes.subarray(0, startBytes), read]);
    } finally {
      answer.response.destroy();
    }
  }

  #check({ url, response }: CheckedResponse): void {
    const { statusCode = 0, headers } = response;
    if (statusCode !== 200 && statusCode !== 206) throw statusError(response, url, this.original);
    if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity")
      throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} compressed the file although asked not to.`);
    const { etag = null } = headers;
    if (this.etag !== null && etag !== this.etag) throw changed(url);
    this.etag = etag;
    this.#url = url;
  }

  #sameSize(fileBytes: number, url: URL): number {
    if (fileBytes > MAX_FILE_BYTES)
      throw new RemoteHeaderError("TOO_LARGE", `${url.host} says that the file has ${fileBytes} bytes.`);
    if (this.fileBytes === 0 || this.fileBytes === fileBytes) return fileBytes;
    throw changed(url);
  }
}

/** Where the vocabulary begins in these bytes; far away if it does not. */
function vocabularyStart(head: Uint8Array, { bytes, startBytes }: KnownVocabulary): number {
  const begin = bytes.subarray(startBytes, startBytes + COMPARED_BYTES);
  const found = Buffer.from(head.buffer, head.byteOffset, head.byteLength).indexOf(begin);
  return found === -1 ? Number.POSITIVE_INFINITY : found;
}

/** Whether these bytes are a whole header whose tensors fill the file to its last byte. */
function isExactHeader(bytes: Uint8Array, fileBytes: number): boolean {
  try {
    const header = headerOrNeed(bytes, fileBytes);
    if ("kind" in header) return false;
    const last = header.tensors.at(-1);
    const dataBytes = last === undefined ? 0 : last.dataOffsetBytes + last.bytes;
    const restBytes = fileBytes - header.headerBytes - dataBytes;
    return restBytes >= 0 && restBytes < header.alignmentBytes;
  } catch (error) {
    if (error instanceof GgufFormatError) return false;
    throw error;
  }
}

const changed = (url: URL): RemoteHeaderError =>
  new RemoteHeaderError("DOWNLOAD_FAILED", `The file on ${url.host} changed while its header was read.`);

/** Size of the whole file, from the answer to a range request that must begin at `startBytes`. */
function rangeTotal({ url, response }: CheckedResponse, startBytes: number): number {
  const range = response.headers["content-range"] ?? "";
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(range);
  const totalBytes = Number(match?.[2]);
  if (Number(match?.[1]) === startBytes && Number.isSafeInteger(totalBytes)) return totalBytes;
  throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} sent another range than was asked for ("${range}").`);
}

function wholeLength({ url, response }: CheckedResponse): number {
  const length = Number(response.headers["content-length"]);
  if (Number.isSafeInteger(length)) return length;
  throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} tells neither ranges nor the size of the file.`);
}

/** Reads exactly this many bytes of a body that may be longer. */
async function readBody({ url, response }: CheckedResponse, countBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let readBytes = 0;
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue;
      chunks.push(chunk);
      readBytes += chunk.byteLength;
      if (readBytes >= countBytes) break;
    }
  } catch (error) {
    throw asHeaderError(error, url, signal);
  }
  if (readBytes < countBytes)
    throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} sent ${readBytes} of ${countBytes} bytes.`);
  return Buffer.concat(chunks).subarray(0, countBytes);
}

const SET_TOKEN = "set HF_TOKEN to a token of your account and start Headroom again.";

function statusError({ statusCode: status, headers }: IncomingMessage, url: URL, original: URL): RemoteHeaderError {
  const file = fileName(original);
  const isGated = status === 403 || headers["x-error-code"] === "GatedRepo";
  if (status === 401 && !isGated)
    return new RemoteHeaderError("FORBIDDEN", `${url.host} wants a sign-in for ${file}: ${SET_TOKEN}`);
  if (isGated)
    return new RemoteHeaderError(
      "FORBIDDEN",
      `${file} is gated: accept its terms on ${page(original)}, then ${SET_TOKEN}`,
    );
  if (status === 404) return new RemoteHeaderError("MODEL_NOT_FOUND", `${url.host} has no ${file}.`);
  if (status === 429) return tooMany(url.host, headers["retry-after"]);
  return new RemoteHeaderError("HUB_FAILED", `${url.host} answered ${status} for ${file}.`);
}

/** The page of the file's repository, where its terms can be accepted. */
const page = ({ origin, pathname }: URL): string => `${origin}${pathname.replace(/\/resolve\/.*$/, "")}`;

/** For messages: as people write it, unless it is not text or would break a line. */
function fileName({ pathname }: URL): string {
  const encoded = pathname.split("/").at(-1) ?? "";
  try {
    const name = decodeURIComponent(encoded);
    return /\p{Cc}/u.test(name) ? encoded : name;
  } catch {
    return encoded;
  }
}
