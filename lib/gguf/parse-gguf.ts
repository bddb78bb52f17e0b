import { buildProfile } from "./build-profile";
import { NeedMoreBytes } from "./byte-reader";
import { GgufFormatError } from "./gguf-format-error";
import { joinHeaders } from "./join-headers";
import type { ModelProfile } from "./model-profile";
import { type GgufHeader, readHeader } from "./read-header";

/** Real headers have up to about 20 MiB (vocabulary and merges). */
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
/** Asking for less than this is not worth a request; it holds the whole header of a model with a small vocabulary. */
const MIN_REQUEST_BYTES = 256 * 1024;

export interface NeedBytes {
  readonly kind: "need";
  /** Call again with this many bytes from the start of the file. */
  readonly bytes: number;
}
export interface ParsedProfile {
  readonly kind: "profile";
  readonly profile: ModelProfile;
}

/** The first bytes of a file, and how large the file is: what its header declares must fit in it. */
export interface FileStart {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
}

/**
 * Profile of a model from the first bytes of its file. Reads no file itself and keeps nothing between calls.
 *
 * @param bytes the file from its start; more than the header is fine
 * @throws GgufFormatError, and nothing else, for every file that is no usable model
 */
export function parseGguf(bytes: Uint8Array, fileBytes: number): ParsedProfile | NeedBytes {
  return parseGgufParts([{ bytes, fileBytes }]);
}

/**
 * The same for a model that is split into several files (`-00001-of-0000N`), all of them and in order.
 * `part` says which of them, from 0, needs more bytes.
 */
export function parseGgufParts(parts: readonly FileStart[]): ParsedProfile | (NeedBytes & { readonly part: number }) {
  const headers: GgufHeader[] = [];
  for (const [part, { bytes, fileBytes }] of parts.entries()) {
    const header = headerOrNeed(bytes, fileBytes);
    if ("kind" in header) return { ...header, part };
    headers.push(header);
  }
  return { kind: "profile", profile: buildProfile(joinHeaders(headers)) };
}

function headerOrNeed(bytes: Uint8Array, fileBytes: number): GgufHeader | NeedBytes {
  try {
    return readHeader(bytes, fileBytes);
  } catch (error) {
    if (!(error instanceof NeedMoreBytes)) throw error;
    if (error.bytes > MAX_HEADER_BYTES)
      throw new GgufFormatError(
        "CORRUPT_MODEL",
        `The header claims more than ${MAX_HEADER_BYTES} bytes.`,
        bytes.length,
      );
    // Doubling keeps the number of requests small where the header did not tell how much is still to come.
    const wantedBytes = Math.max(error.bytes, MIN_REQUEST_BYTES, bytes.byteLength * 2);
    return { kind: "need", bytes: Math.min(fileBytes, wantedBytes) };
  }
}
