import { headerOrNeed, type NeedBytes } from "./header-or-need";
import type { GgufHeader } from "./read-header";

/**
 * The header of a GGUF file without its tokenizer's text, for llama.cpp's dry run.
 *
 * Buffers depend only on the vocabulary's number of tokens. A dry run spends most of its time reading 50,000 to 250,000 tokens and
 * their merges: each number of layers takes 65 to 190 ms with them and 5 to 9 ms without.
 * llama.cpp accepts `no_vocab` with a `vocab_size` for such a header and makes dummy tokens.
 * @see llama.cpp src/llama-vocab.cpp (llama_vocab::impl::load)
 */
export function dryRunHeader(
  bytes: Uint8Array,
  fileBytes: number,
): { readonly kind: "header"; readonly bytes: Uint8Array } | NeedBytes {
  const header = headerOrNeed(bytes, fileBytes);
  if ("kind" in header) return header;
  const kept = keptEntries(header, bytes);
  const added = vocabularyEntries(header);
  const table = bytes.subarray(header.tensorTable.startBytes, header.tensorTable.endBytes);
  // Magic, version and number of tensors stay. The number of keys comes next.
  const parts = [bytes.subarray(0, 16), u64(kept.length + added.length), ...kept, ...added, table];
  return { kind: "header", bytes: concatenated(parts, header.alignmentBytes) };
}

/** Entries as they are in the file. Each ends where the next begins. */
function keptEntries({ metadata, tensorTable }: GgufHeader, bytes: Uint8Array): Uint8Array[] {
  const entries = [...metadata];
  return entries.flatMap(([key, { value, offsetBytes }], index) => {
    const endBytes = entries[index + 1]?.[1].offsetBytes ?? tensorTable.startBytes;
    // Single numbers of the tokenizer are kept, because some shapes need them (token_type_count).
    const isText = key.startsWith("tokenizer.") && (typeof value === "string" || typeof value === "object");
    return isText || key.endsWith(".vocab_size") ? [] : [bytes.subarray(offsetBytes, endBytes)];
  });
}

/** Empty for the later parts of a split, which have no architecture. */
function vocabularyEntries({ metadata }: GgufHeader): Uint8Array[] {
  const architecture = metadata.get("general.architecture")?.value;
  if (typeof architecture !== "string") return [];
  const tokens = metadata.get("tokenizer.ggml.tokens")?.value;
  const declared = metadata.get(`${architecture}.vocab_size`)?.value;
  const size = typeof tokens === "object" ? tokens.length : declared;
  const model = joined([text("tokenizer.ggml.model"), u32(STRING_TYPE), text("no_vocab")]);
  if (typeof size !== "number") return [model];
  return [model, joined([text(`${architecture}.vocab_size`), u32(U32_TYPE), u32(size)])];
}

/** Value types. @see ggml docs/gguf.md (gguf_metadata_value_type) */
const U32_TYPE = 4;
const STRING_TYPE = 8;

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return joined([u64(bytes.byteLength), bytes]);
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => concatenated(parts, 1);

function concatenated(parts: readonly Uint8Array[], alignmentBytes: number): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const bytes = new Uint8Array(Math.ceil(length / alignmentBytes) * alignmentBytes);
  let offsetBytes = 0;
  for (const part of parts) {
    bytes.set(part, offsetBytes);
    offsetBytes += part.byteLength;
  }
  return bytes;
}
