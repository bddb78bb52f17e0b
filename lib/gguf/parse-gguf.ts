import { buildProfile } from "./build-profile";
import { NeedMoreBytes } from "./byte-reader";
import { GgufFormatError } from "./gguf-format-error";
import type { ModelProfile } from "./model-profile";
import { readHeader } from "./read-header";

/** Real headers have up to about 20 MiB (vocabulary and merges). */
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
/** Asking for less than this is not worth a request; it holds the whole header of a model with a small vocabulary. */
const MIN_REQUEST_BYTES = 256 * 1024;

export type ParsedGguf =
  | { readonly kind: "profile"; readonly profile: ModelProfile }
  /** Call again with this many bytes from the start of the file. */
  | { readonly kind: "need"; readonly bytes: number };

/**
 * Profile of a model from the first bytes of its file. Reads no file itself and keeps nothing between calls.
 *
 * @param bytes the file from its start; more than the header is fine
 * @param fileBytes size of the whole file: what the header declares must fit in it
 * @throws GgufFormatError, and nothing else, for every file that is no usable model
 */
export function parseGguf(bytes: Uint8Array, fileBytes: number): ParsedGguf {
  try {
    return { kind: "profile", profile: buildProfile(readHeader(bytes, fileBytes)) };
  } catch (error) {
    if (!(error instanceof NeedMoreBytes)) throw error;
    if (error.bytes > MAX_HEADER_BYTES)
      throw new GgufFormatError(
        "CORRUPT_MODEL",
        `The header claims more than ${MAX_HEADER_BYTES} bytes.`,
        bytes.byteLength,
      );
    // Doubling keeps the number of requests small where the header did not tell how much is still to come.
    const wantedBytes = Math.max(error.bytes, MIN_REQUEST_BYTES, bytes.byteLength * 2);
    return { kind: "need", bytes: Math.min(fileBytes, wantedBytes) };
  }
}
