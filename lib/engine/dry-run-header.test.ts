import { describe, expect, it } from "vitest";
import { type WritableGguf, writeGgufHeader } from "@/lib/gguf/gguf-writer";
import { readHeader } from "@/lib/gguf/read-header";
import { dryRunHeader } from "./dry-run-header";

const gguf: WritableGguf = {
  metadata: {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "llama.block_count": 2,
    "llama.rope.freq_base": { type: "f32", value: 10_000 },
    "llama.attention.head_count_kv": { type: "i32", values: [1, 2] },
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": { strings: ["a", "b", "", "dd"] },
    "tokenizer.ggml.merges": { strings: ["a b"] },
    "tokenizer.ggml.token_type_count": 2,
    "tokenizer.chat_template": "{{ messages }}",
  },
  tensors: [
    { name: "token_embd.weight", dimensions: [32, 4], type: "F16" },
    { name: "blk.0.attn_q.weight", dimensions: [32, 32], type: "Q8_0" },
  ],
};

const dataBytes = 4096;
const strip = (header: Uint8Array) => dryRunHeader(header, header.length + dataBytes);

describe("dryRunHeader", () => {
  const header = writeGgufHeader(gguf);
  const before = readHeader(header, header.length + dataBytes);
  const stripped = strip(header);
  const after = readHeader(stripped, stripped.length + dataBytes);

  it("keeps the tensors as they are", () => {
    expect(after.tensors).toEqual(before.tensors);
  });

  it("keeps every key that is no text of the tokenizer, with its type", () => {
    for (const key of ["general.architecture", "general.name", "llama.block_count", "llama.attention.head_count_kv"])
      expect(after.metadata.get(key)?.value).toEqual(before.metadata.get(key)?.value);
    expect(after.metadata.get("tokenizer.ggml.token_type_count")?.value).toBe(2);
  });

  it("says how many tokens there were instead of saying them", () => {
    expect(after.metadata.get("tokenizer.ggml.model")?.value).toBe("no_vocab");
    expect(after.metadata.get("llama.vocab_size")?.value).toBe(4);
    expect([...after.metadata.keys()].filter(key => /tokens|merges|template/.test(key))).toEqual([]);
  });

  it("is padded to where the data starts", () => {
    expect(stripped.length).toBe(after.headerBytes);
    expect(stripped.length % 32).toBe(0);
  });

  it("takes the declared size where there is no vocabulary", () => {
    const { "tokenizer.ggml.tokens": _, ...metadata } = gguf.metadata;
    const bare = strip(writeGgufHeader({ ...gguf, metadata: { ...metadata, "llama.vocab_size": 77 } }));
    expect(readHeader(bare, bare.length + dataBytes).metadata.get("llama.vocab_size")?.value).toBe(77);
  });

  it("does not run past the end of a header that was cut off", () => {
    for (let length = 24; length < header.length - 32; length += 7)
      expect(() => dryRunHeader(header.subarray(0, length), length)).toThrow();
  });
});
