import { headerOrNeed } from "./header-or-need";

/** Lists of this length are kept only as a length (see `readMetadata`): what they hold does not change the profile. */
const LONG_LIST = 1024;

/** The bytes of a header that hold the tokenizer's long lists, from the key of the first to the end of the last. */
export interface VocabularySpan {
  readonly startBytes: number;
  readonly endBytes: number;
  readonly headerBytes: number;
}

/**
 * Where the vocabulary sits in a complete header. Quantizations of one model differ before and behind it, and not in it.
 * null for a header without long lists, or one that is not complete.
 *
 * @throws GgufFormatError
 */
export function vocabularySpan(bytes: Uint8Array, fileBytes: number): VocabularySpan | null {
  const header = headerOrNeed(bytes, fileBytes);
  if ("kind" in header) return null;
  const entries = [...header.metadata.values()];
  const isLong = ({ value }: (typeof entries)[number]) =>
    typeof value === "object" && value.values === null && value.length > LONG_LIST;
  const first = entries.findIndex(isLong);
  if (first === -1) return null;
  const last = entries.findLastIndex(isLong);
  return {
    startBytes: entries[first]?.offsetBytes ?? 0,
    endBytes: entries[last + 1]?.offsetBytes ?? header.tensorTable.startBytes,
    headerBytes: header.headerBytes,
  };
}
