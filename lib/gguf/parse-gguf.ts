import { buildProfile } from "./build-profile";
import { headerOrNeed, type NeedBytes } from "./header-or-need";
import { joinHeaders } from "./join-headers";
import type { ModelProfile } from "./model-profile";
import type { GgufHeader } from "./read-header";

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
