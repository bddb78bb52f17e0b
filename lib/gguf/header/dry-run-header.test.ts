import { describe, expect, it } from "vitest";
import { parseGguf } from "../parse-gguf";
import { type WritableGguf, writeGgufHeader } from "../testing/gguf-writer";
import { modelShape, shapeFile } from "../testing/model-shapes";
import { dryRunHeader } from "./dry-run-header";
import { readHeader } from "./read-header";

const { header, fileBytes } = shapeFile(modelShape("small-gemma-3"));

function profileOf(bytes: Uint8Array, wholeBytes: number) {
  const parsed = parseGguf(bytes, wholeBytes);
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return parsed.profile;
}

describe("the header for a dry run", () => {
  const slim = dryRunHeader(header, fileBytes);
  if (slim.kind !== "header") throw new Error("the whole header was given");

  it("is a few kilobytes where the vocabulary has hundreds", () => {
    expect(header.byteLength).toBeGreaterThan(1_000_000);
    expect(slim.bytes.byteLength).toBeLessThan(20_000);
  });

  it("describes the same model, with dummy tokens in the same number", () => {
    const { headerBytes, fileBytes: size, tokenizerModel, ...rest } = profileOf(header, fileBytes);
    const slimFileBytes = slim.bytes.byteLength + size - headerBytes;
    expect(profileOf(slim.bytes, slimFileBytes)).toEqual({
      ...rest,
      tokenizerModel: "no_vocab",
      headerBytes: slim.bytes.byteLength,
      fileBytes: slimFileBytes,
    });
    expect([tokenizerModel, rest.vocabularySize]).toEqual(["llama", 64_000]);
  });

  it("may be made twice", () => {
    const again = dryRunHeader(slim.bytes, slim.bytes.byteLength + fileBytes - header.byteLength);
    expect(again).toEqual(slim);
  });

  it("asks for more bytes as a value", () => {
    expect(dryRunHeader(header.subarray(0, 1000), fileBytes).kind).toBe("need");
  });
});

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
function strip(header: Uint8Array): Uint8Array {
  const slim = dryRunHeader(header, header.length + dataBytes);
  if (slim.kind !== "header") throw new Error("the whole header was given");
  return slim.bytes;
}

describe("the keys of the header for a dry run", () => {
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
