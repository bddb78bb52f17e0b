import type { ByteReader } from "./byte-reader";
import { GgufFormatError } from "./gguf-format-error";

/** Real files have about 30 to 100 keys. */
const MAX_METADATA_KEYS = 65_536;
/** The format's own limit for keys. @see ggml docs/gguf.md */
const MAX_KEY_BYTES = 65_535;
/** Long chat templates have a few hundred KiB. */
const MAX_STRING_BYTES = 64 * 1024 * 1024;
/** The largest vocabularies have 262,144 tokens and about twice as many merges. */
const MAX_ARRAY_LENGTH = 16 * 1024 * 1024;
/** Arrays with one number per block are kept; llama.cpp allows 512 blocks (LLAMA_MAX_LAYERS). Longer arrays are skipped. */
const MAX_KEPT_ARRAY_LENGTH = 1024;
/** Of a skipped array, this many elements are kept to be shown, and this many bytes of each string. */
const SHOWN_ELEMENTS = 8;
const SHOWN_STRING_BYTES = 64;

export type MetadataScalar = boolean | number | bigint | string;

/** `values` is null for strings and for long arrays (the tokenizer's): they are skipped over, not stored, except for their `start`. */
export interface MetadataArray {
  readonly elementType: string;
  readonly length: number;
  readonly values: readonly (number | bigint | boolean)[] | null;
  /** The first elements of an array without `values`; strings may be cut. Only to be shown. */
  readonly start: readonly MetadataScalar[];
}

export type MetadataValue = MetadataScalar | MetadataArray;
export type Metadata = ReadonlyMap<string, { readonly value: MetadataValue; readonly offsetBytes: number }>;

const STRING_TYPE = 8;
const ARRAY_TYPE = 9;

interface NumberType {
  readonly name: string;
  readonly bytes: number;
  readonly read: (reader: ByteReader) => number | bigint | boolean;
}

/** Value types by the format's number, except string and array. @see ggml docs/gguf.md (gguf_metadata_value_type) */
const numberTypes: ReadonlyMap<number, NumberType> = new Map([
  [0, { name: "u8", bytes: 1, read: reader => reader.u8() }],
  [1, { name: "i8", bytes: 1, read: reader => reader.i8() }],
  [2, { name: "u16", bytes: 2, read: reader => reader.u16() }],
  [3, { name: "i16", bytes: 2, read: reader => reader.i16() }],
  [4, { name: "u32", bytes: 4, read: reader => reader.u32() }],
  [5, { name: "i32", bytes: 4, read: reader => reader.i32() }],
  [6, { name: "f32", bytes: 4, read: reader => reader.f32() }],
  [7, { name: "bool", bytes: 1, read: reader => reader.u8() !== 0 }],
  [10, { name: "u64", bytes: 8, read: reader => reader.u64() }],
  [11, { name: "i64", bytes: 8, read: reader => reader.i64() }],
  [12, { name: "f64", bytes: 8, read: reader => reader.f64() }],
]);

/** Reads all key-value pairs. Keys go into a Map, so that no name has a special meaning (`__proto__`). */
export function readMetadata(reader: ByteReader, keys: number): Metadata {
  const metadata = new Map<string, { value: MetadataValue; offsetBytes: number }>();
  for (let index = 0; index < keys; index++) {
    const offsetBytes = reader.offsetBytes;
    const key = reader.string(MAX_KEY_BYTES, `metadata key ${index}`);
    if (key === "") throw new GgufFormatError("CORRUPT_MODEL", `Metadata key ${index} is empty.`, offsetBytes);
    if (metadata.has(key))
      throw new GgufFormatError("CORRUPT_MODEL", `Metadata key "${key}" appears twice.`, offsetBytes);
    metadata.set(key, { value: readValue(reader, key), offsetBytes });
  }
  return metadata;
}

export function readMetadataCount(reader: ByteReader): number {
  return reader.count(MAX_METADATA_KEYS, "number of metadata keys");
}

function readValue(reader: ByteReader, key: string): MetadataValue {
  const offsetBytes = reader.offsetBytes;
  const type = reader.u32();
  if (type === STRING_TYPE) return reader.string(MAX_STRING_BYTES, `"${key}"`);
  if (type === ARRAY_TYPE) return readArray(reader, key);
  return numberType(type, key, offsetBytes).read(reader);
}

function numberType(type: number, key: string, offsetBytes: number): NumberType {
  const found = numberTypes.get(type);
  if (!found)
    throw new GgufFormatError(
      "CORRUPT_MODEL",
      `"${key}" has value type ${type}; known are 0 to 12, and no arrays in arrays.`,
      offsetBytes,
    );
  return found;
}

function readArray(reader: ByteReader, key: string): MetadataArray {
  const offsetBytes = reader.offsetBytes;
  const type = reader.u32();
  const length = reader.count(MAX_ARRAY_LENGTH, `length of array "${key}"`);
  if (type === STRING_TYPE) {
    return { elementType: "string", length, values: null, start: skipStrings(reader, key, length) };
  }
  const { name, bytes, read } = numberType(type, key, offsetBytes);
  if (length > MAX_KEPT_ARRAY_LENGTH) {
    const start = Array.from({ length: SHOWN_ELEMENTS }, () => read(reader));
    reader.skip((length - SHOWN_ELEMENTS) * bytes);
    return { elementType: name, length, values: null, start };
  }
  return { elementType: name, length, values: Array.from({ length }, () => read(reader)), start: [] };
}

/**
 * Skips an array of strings and builds only the first few. When the bytes run out, it estimates from the strings so far how many bytes the
 * rest needs and asks for those. So even a header of megabytes needs few requests.
 *
 * @returns the first few, each cut to what can be shown
 */
function skipStrings(reader: ByteReader, key: string, length: number): string[] {
  const start: string[] = [];
  const startBytes = reader.offsetBytes;
  if (length * 8 > reader.remainingBytes)
    throw new GgufFormatError(
      "CORRUPT_MODEL",
      `Array "${key}" claims ${length} strings, more than the rest of the file can hold.`,
      startBytes,
    );
  for (let index = 0; index < length; index++) {
    const bytesPerString = index === 0 ? 16 : (reader.offsetBytes - startBytes) / index;
    const restBytes = Math.ceil((length - index) * bytesPerString * 1.05);
    const bytes = reader.count(MAX_STRING_BYTES, `length of a string in "${key}"`, restBytes);
    const offsetBytes = reader.offsetBytes;
    reader.skip(bytes, restBytes);
    if (index < SHOWN_ELEMENTS) start.push(reader.textAt(offsetBytes, Math.min(bytes, SHOWN_STRING_BYTES)));
  }
  return start;
}
