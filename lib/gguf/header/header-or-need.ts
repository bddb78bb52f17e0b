import { NeedMoreBytes } from "./byte-reader";
import { GgufFormatError } from "./gguf-format-error";
import { type GgufHeader, readHeader } from "./read-header";

/** Real headers have up to about 20 MiB (vocabulary and merges). */
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
/** A smaller request is not worth making. This size holds the whole header of a model with a small vocabulary. */
const MIN_REQUEST_BYTES = 256 * 1024;

/** The given bytes end before the header does. */
export interface NeedBytes {
  readonly kind: "need";
  /** Call again with this many bytes from the start of the file. */
  readonly bytes: number;
}

/** @throws GgufFormatError */
export function headerOrNeed(bytes: Uint8Array, fileBytes: number): GgufHeader | NeedBytes {
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
    // Doubling keeps the number of requests small where the header does not say how much follows.
    const wantedBytes = Math.max(error.bytes, MIN_REQUEST_BYTES, bytes.byteLength * 2);
    return { kind: "need", bytes: Math.min(fileBytes, wantedBytes) };
  }
}
