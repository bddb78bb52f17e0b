import { open } from "node:fs/promises";
import { ByteReader, NeedMoreBytes } from "@/lib/gguf/byte-reader";
import { JobError } from "./job-error";

const KEY_LIMIT_BYTES = 65_535;
const STRING_LIMIT_BYTES = 64 * 1024 * 1024;
const COUNT_LIMIT = 16 * 1024 * 1024;
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
const FIRST_READ_BYTES = 4 * 1024 * 1024;
const DEFAULT_ALIGNMENT_BYTES = 32;

const STRING_TYPE = 8;
const ARRAY_TYPE = 9;
const U32_TYPE = 4;
const NUMBER_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

/** One key-value pair as it lies in the file. */
interface Entry {
  readonly key: string;
  readonly type: number;
  readonly startBytes: number;
  readonly valueBytes: number;
  readonly endBytes: number;
}

/**
 * The header of a GGUF file without its tokenizer, for llama.cpp's dry run.
 *
 * Buffers depend on how many tokens the vocabulary has, and on nothing else of it. Reading 50,000 to 250,000 tokens and
 * their merges is what a dry run spends its time on: 65 to 190 ms for each number of layers with them, 5 to 9 ms without.
 * llama.cpp takes `no_vocab` with a `vocab_size` for such models and makes dummy tokens.
 * @see llama.cpp src/llama-vocab.cpp llama_vocab::impl::load
 */
export function dryRunHeader(bytes: Uint8Array, fileBytes: number): Uint8Array {
  const reader = new ByteReader(bytes, fileBytes);
  reader.skip(8);
  const tensorCount = reader.count(COUNT_LIMIT, "number of tensors");
  const entries = Array.from({ length: reader.count(COUNT_LIMIT, "number of metadata keys") }, () => readEntry(reader));
  const tableStartBytes = reader.offsetBytes;
  for (let index = 0; index < tensorCount; index++) skipTensor(reader);

  const kept = entries.filter(entry => !isTokenizerText(entry));
  const added = vocabularyEntries(bytes, entries);
  const counts = new Uint8Array(8);
  new DataView(counts.buffer).setBigUint64(0, BigInt(kept.length + added.length), true);
  const parts = [
    bytes.subarray(0, 16),
    counts,
    ...kept.map(entry => bytes.subarray(entry.startBytes, entry.endBytes)),
    ...added,
    bytes.subarray(tableStartBytes, reader.offsetBytes),
  ];
  return padded(Buffer.concat(parts), alignmentOf(bytes, entries));
}

/** Reads as much of the file as the header takes. @throws JobError for a file that is no GGUF after all */
export async function readDryRunHeader(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let wantedBytes = FIRST_READ_BYTES; ; wantedBytes *= 4) {
      const bytes = Buffer.alloc(Math.min(size, wantedBytes));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      try {
        return dryRunHeader(bytes.subarray(0, bytesRead), size);
      } catch (error) {
        if (!(error instanceof NeedMoreBytes)) throw error;
        if (wantedBytes >= MAX_HEADER_BYTES || bytesRead === size)
          throw new JobError("CORRUPT_MODEL", "The header of the model file does not end.");
      }
    }
  } finally {
    await file.close();
  }
}

function readEntry(reader: ByteReader): Entry {
  const startBytes = reader.offsetBytes;
  const key = reader.string(KEY_LIMIT_BYTES, "a metadata key");
  const type = reader.u32();
  const valueBytes = reader.offsetBytes;
  skipValue(reader, type);
  return { key, type, startBytes, valueBytes, endBytes: reader.offsetBytes };
}

function skipValue(reader: ByteReader, type: number): void {
  if (type === ARRAY_TYPE) skipArray(reader);
  else reader.skip(type === STRING_TYPE ? stringBytes(reader) : numberBytes(type));
}

function skipArray(reader: ByteReader): void {
  const elementType = reader.u32();
  const length = reader.count(COUNT_LIMIT, "length of an array");
  if (elementType !== STRING_TYPE) reader.skip(length * numberBytes(elementType));
  else for (let index = 0; index < length; index++) reader.skip(stringBytes(reader));
}

const stringBytes = (reader: ByteReader): number => reader.count(STRING_LIMIT_BYTES, "length of a string");

function numberBytes(type: number): number {
  const bytes = NUMBER_BYTES[type];
  if (bytes === undefined) throw new JobError("CORRUPT_MODEL", `A metadata value has the unknown type ${type}.`);
  return bytes;
}

function skipTensor(reader: ByteReader): void {
  reader.skip(reader.count(KEY_LIMIT_BYTES, "length of a tensor's name"));
  reader.skip(reader.u32() * 8 + 4 + 8);
}

/** Words, merges, scores and templates; single numbers stay, because some shapes need them (token_type_count). */
const isTokenizerText = ({ key, type }: Entry): boolean =>
  key.endsWith(".vocab_size") || (key.startsWith("tokenizer.") && (type === STRING_TYPE || type === ARRAY_TYPE));

function vocabularyEntries(bytes: Uint8Array, entries: readonly Entry[]): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const find = (key: string) => entries.find(entry => entry.key === key);
  const architecture = find("general.architecture");
  if (architecture === undefined) return [];
  const name = Buffer.from(bytes.subarray(architecture.valueBytes + 8, architecture.endBytes)).toString("utf8");
  const tokens = find("tokenizer.ggml.tokens");
  const declared = find(`${name}.vocab_size`);
  const added = [writeEntry("tokenizer.ggml.model", STRING_TYPE, lengthPrefixed("no_vocab"))];
  // An array's value is its element type (4 bytes) and its length.
  const size = tokens
    ? Number(view.getBigUint64(tokens.valueBytes + 4, true))
    : declared && view.getUint32(declared.valueBytes, true);
  if (size !== undefined) added.push(writeEntry(`${name}.vocab_size`, U32_TYPE, u32(size)));
  return added;
}

function alignmentOf(bytes: Uint8Array, entries: readonly Entry[]): number {
  const entry = entries.find(({ key }) => key === "general.alignment");
  if (entry?.type !== U32_TYPE) return DEFAULT_ALIGNMENT_BYTES;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(entry.valueBytes, true);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function lengthPrefixed(text: string): Uint8Array {
  const characters = Buffer.from(text, "utf8");
  return Buffer.concat([u32(characters.length), u32(0), characters]);
}

const writeEntry = (key: string, type: number, value: Uint8Array): Uint8Array =>
  Buffer.concat([lengthPrefixed(key), u32(type), value]);

const padded = (bytes: Uint8Array, alignmentBytes: number): Uint8Array =>
  Buffer.concat([bytes, new Uint8Array((alignmentBytes - (bytes.length % alignmentBytes)) % alignmentBytes)]);
