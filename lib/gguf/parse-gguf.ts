import { headerOrNeed, type NeedBytes } from "./header/header-or-need";
import { joinHeaders } from "./header/join-headers";
import type { GgufHeader } from "./header/read-header";
import { buildProfile } from "./profile/build-profile";
import type { ModelProfile } from "./profile/model-profile";

export interface ParsedProfile {
  readonly kind: "profile";
  readonly profile: ModelProfile;
}

/** The first bytes of a file, and the size of the file. Everything that its header declares must fit in that size. */
export interface FileStart {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
}

/**
 * Profile of a model from the first bytes of its file. Does not read files, and keeps nothing between calls.
 *
 * @param bytes the file from its start; more than the header is fine
 * @throws GgufFormatError for every file that is no usable model; no other error
 */
export function parseGguf(bytes: Uint8Array, fileBytes: number): ParsedProfile | NeedBytes {
  return parseGgufParts([{ bytes, fileBytes }]);
}

/**
 * The same for a model that is split into several files (`-00001-of-0000N`). All parts must be given, in order.
 * `part` is the index, from 0, of the part that needs more bytes.
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
