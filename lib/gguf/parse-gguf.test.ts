import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GgufFormatError } from "./header/gguf-format-error";
import { parseGguf, parseGgufParts } from "./parse-gguf";
import type { ModelProfile } from "./profile/model-profile";
import { ggufFileBytes, type WritableGguf, type WritableValue, writeGgufHeader } from "./testing/gguf-writer";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Two blocks, 64 wide, 4 heads of 16, 2 KV heads, 100 tokens, untied; sizes are small enough to work out by hand. */
const tinyLlama: WritableGguf = {
  metadata: {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.file_type": 1,
    "llama.context_length": 2048,
    "llama.embedding_length": 64,
    "llama.block_count": 2,
    "llama.feed_forward_length": 128,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": { strings: Array.from({ length: 100 }, (_, index) => `t${index}`) },
    "tokenizer.ggml.scores": { type: "f32", values: new Array<number>(100).fill(0) },
    "tokenizer.chat_template": "{{ messages }}",
  },
  tensors: [
    { name: "token_embd.weight", dimensions: [64, 100], type: "F16" },
    { name: "blk.0.attn_q.weight", dimensions: [64, 64], type: "Q4_0" },
    { name: "blk.0.attn_norm.weight", dimensions: [64], type: "F32" },
    { name: "blk.1.attn_q.weight", dimensions: [64, 64], type: "Q8_0" },
    { name: "rope_freqs.weight", dimensions: [8], type: "F32" },
    { name: "output_norm.weight", dimensions: [64], type: "F32" },
    { name: "output.weight", dimensions: [64, 100], type: "F16" },
  ],
};

function profileOf(gguf: WritableGguf): ModelProfile {
  const header = writeGgufHeader(gguf);
  const parsed = parseGguf(header, ggufFileBytes(header, gguf));
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return parsed.profile;
}

function withMetadata(changes: Record<string, WritableValue | undefined>): WritableGguf {
  const metadata: Record<string, WritableValue> = { ...tinyLlama.metadata };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete metadata[key];
    else metadata[key] = value;
  }
  return { ...tinyLlama, metadata };
}

const withTensor = (tensor: WritableGguf["tensors"][number]): WritableGguf => ({
  ...tinyLlama,
  tensors: [...tinyLlama.tensors, tensor],
});

function refusal(read: () => unknown): GgufFormatError {
  try {
    read();
  } catch (error) {
    if (error instanceof GgufFormatError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

const refusalOf = (gguf: WritableGguf): GgufFormatError => refusal(() => profileOf(gguf));

describe("a sound header", () => {
  it("becomes a profile with the sizes that its tensors have", () => {
    const profile = profileOf(tinyLlama);
    expect(profile).toMatchObject({
      ggufVersion: 3,
      name: "Tiny",
      architecture: "llama",
      quantization: "F16",
      blocks: 2,
      embeddingLength: 64,
      feedForwardLength: 128,
      vocabularySize: 100,
      trainContextTokens: 2048,
      headSizeK: 16,
      headSizeV: 16,
      tiedEmbeddings: false,
      role: "text",
      split: null,
      chatTemplate: "{{ messages }}",
      tokenizerModel: "llama",
    });
    // 64 x 100 halves = 12,800 B. Q4_0: 4096 / 32 x 18 = 2,304 B; norm 64 x 4 = 256 B. Q8_0: 4096 / 32 x 34 = 4,352 B.
    expect(profile.embedding).toEqual([{ name: "token_embd.weight", bytes: 12_800 }]);
    expect(profile.blocksProfile.map(block => block.weightsBytes)).toEqual([2304 + 256, 4352]);
    expect(profile.output.map(tensor => tensor.bytes)).toEqual([256, 12_800]);
    expect(profile.shared).toEqual([{ name: "rope_freqs.weight", bytes: 32 }]);
    // 2 KV heads of 16.
    expect(profile.blocksProfile[1]?.kv).toEqual({
      growth: "full",
      windowTokens: 0,
      kElementsPerCell: 32,
      vElementsPerCell: 32,
      fixedBytes: 0,
    });
  });

  it("counts the embedding as output too when there is no output tensor", () => {
    const tied = { ...tinyLlama, tensors: tinyLlama.tensors.filter(tensor => tensor.name !== "output.weight") };
    const profile = profileOf(tied);
    expect(profile.tiedEmbeddings).toBe(true);
    expect(profile.output.map(tensor => tensor.name)).toEqual(["output_norm.weight", "token_embd.weight"]);
  });

  it("is read in version 2 as well", () => {
    expect(profileOf({ ...tinyLlama, version: 2 }).ggufVersion).toBe(2);
  });

  it("may hold keys that nobody knows, even __proto__", () => {
    const metadata = { ...tinyLlama.metadata, ["__proto__"]: 7, constructor: "x", "vendor.future": { strings: ["a"] } };
    expect(profileOf({ ...tinyLlama, metadata }).blocks).toBe(2);
    expect(Object.prototype).not.toHaveProperty("vendor.future");
  });

  it("is told by the commonest tensor type when it names no file type", () => {
    expect(profileOf(withMetadata({ "general.file_type": undefined })).quantization).toBe("F16");
  });

  it("keeps control characters out of the name", () => {
    expect(profileOf(withMetadata({ "general.name": "a\r\nb\u001b[31m" })).name).toBe("a  b [31m");
  });
});

describe("bytes that are no GGUF", () => {
  it.each([
    ["empty file", ascii(""), "NOT_GGUF", /empty/],
    ["one byte", ascii("G"), "NOT_GGUF", /does not start/],
    ["web page", ascii("<!DOCTYPE html><html><body>404</body></html>"), "NOT_GGUF", /web page/],
    ["LFS pointer", ascii("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"), "NOT_GGUF", /LFS/],
    ["zip", ascii("PK\u0003\u0004 and more bytes here"), "NOT_GGUF", /zip/],
    ["zeros", new Uint8Array(4096), "NOT_GGUF", /does not start/],
    ["magic alone", ascii("GGUF"), "CORRUPT_MODEL", /ends inside its header/],
    [
      "24 bytes that claim one key",
      Uint8Array.of(...ascii("GGUF"), 3, 0, 0, 0, ...new Uint8Array(8), 1, ...new Uint8Array(7)),
      "CORRUPT_MODEL",
      /ends inside/,
    ],
  ] as const)("%s", (_, bytes, code, message) => {
    const error = refusal(() => parseGguf(bytes, bytes.byteLength));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it.each([
    [0, /version 0/],
    [1, /version 1/],
    [4, /version 4/],
    [99, /version 99/],
    [0x0300_0000, /big-endian/],
  ])("version %i", (version, message) => {
    const error = refusalOf({ ...tinyLlama, version });
    expect(error.code).toBe("UNSUPPORTED_VERSION");
    expect(error.message).toMatch(message);
    expect(error.offsetBytes).toBe(4);
  });
});

describe("a header that lies", () => {
  const at = (offset: number, value: bigint): Uint8Array => {
    const header = writeGgufHeader(tinyLlama);
    new DataView(header.buffer).setBigUint64(offset, value, true);
    return header;
  };
  it.each([
    ["2^64 - 1 tensors", at(8, 0xffff_ffff_ffff_ffffn), /number of tensors/],
    ["2^64 - 1 keys", at(16, 0xffff_ffff_ffff_ffffn), /number of metadata keys/],
    ["a key of 2^40 bytes", at(24, 1n << 40n), /metadata key 0/],
  ])("about %s is refused at once", (_, header, message) => {
    expect(refusal(() => parseGguf(header, 1e12)).message).toMatch(message);
  });

  it.each([
    ["an array of 2^32 strings", { "x.y": { strings: [] } }, 1n << 32n],
    ["an array of 2^32 numbers", { "x.y": { type: "f64" as const, values: [] } }, 1n << 32n],
    ["more strings than the file can hold", { "x.y": { strings: [] } }, 1n << 20n],
  ])("about %s is refused without allocating", (_, metadata, length) => {
    const header = writeGgufHeader({ metadata, tensors: [] });
    // magic 4, version 4, counts 16, key 8 + 3, value type 4, element type 4: the length is at 43.
    new DataView(header.buffer).setBigUint64(43, length, true);
    expect(refusal(() => parseGguf(header, header.byteLength)).code).toBe("CORRUPT_MODEL");
  });

  it.each([
    ["value type 13", 13, /value type 13/],
    ["an array in an array", 9, /no arrays in arrays/],
  ])("with %s is refused", (_, type, message) => {
    const header = writeGgufHeader({ metadata: { "x.y": { type: "u8", values: [1] } }, tensors: [] });
    // As above: the element type is at 39, the value type at 35.
    new DataView(header.buffer).setUint32(type === 9 ? 39 : 35, type, true);
    expect(refusal(() => parseGguf(header, header.byteLength)).message).toMatch(message);
  });

  it("with a key twice is refused", () => {
    const header = writeGgufHeader({ metadata: { "a.x": 1, "a.y": 1 }, tensors: [] });
    // The second key starts at 24 + 11 + 4 + 4 + 8 = 51; its last letter is at 53.
    header[53] = "x".charCodeAt(0);
    expect(refusal(() => parseGguf(header, header.byteLength)).message).toMatch(/"a.x" appears twice/);
  });

  it.each([
    ["no architecture", { "general.architecture": undefined }, "CORRUPT_MODEL", /lacks general.architecture/],
    ["an architecture nobody knows", { "general.architecture": "hal9000" }, "UNSUPPORTED_ARCH", /"hal9000"/],
    ["no block count", { "llama.block_count": undefined }, "CORRUPT_MODEL", /lacks llama.block_count/],
    ["0 blocks", { "llama.block_count": 0 }, "CORRUPT_MODEL", /block_count is 0/],
    ["513 blocks", { "llama.block_count": 513 }, "CORRUPT_MODEL", /block_count is 513/],
    ["fewer blocks than tensors", { "llama.block_count": 1 }, "CORRUPT_MODEL", /of block 1/],
    ["more blocks than tensors", { "llama.block_count": 3 }, "CORRUPT_MODEL", /Block 2 has no tensors/],
    ["0 heads", { "llama.attention.head_count": 0 }, "CORRUPT_MODEL", /head_count/],
    ["heads in words", { "llama.attention.head_count": "four" }, "CORRUPT_MODEL", /is "four"/],
    [
      "heads for one block of two",
      { "llama.attention.head_count": { type: "u32", values: [4] } },
      "CORRUPT_MODEL",
      /2 values/,
    ],
    ["a width of 0", { "llama.embedding_length": 0 }, "CORRUPT_MODEL", /embedding_length is 0/],
    [
      "a context of 2^63",
      { "llama.context_length": { type: "u64", value: 1n << 63n } },
      "CORRUPT_MODEL",
      /context_length/,
    ],
    [
      "a negative context",
      { "llama.context_length": { type: "i32", value: -1 } },
      "CORRUPT_MODEL",
      /context_length is -1/,
    ],
    ["half a block", { "llama.block_count": { type: "f32", value: 1.5 } }, "CORRUPT_MODEL", /block_count is 1.5/],
    [
      "tokens that are numbers",
      { "tokenizer.ggml.tokens": { type: "u32", values: [1] } },
      "CORRUPT_MODEL",
      /list of string/,
    ],
    ["too few scores", { "tokenizer.ggml.scores": { type: "f32", values: [1] } }, "CORRUPT_MODEL", /1 entries for 100/],
    ["alignment 0", { "general.alignment": 0 }, "CORRUPT_MODEL", /alignment is 0/],
    ["alignment 13", { "general.alignment": 13 }, "CORRUPT_MODEL", /alignment is 13/],
    [
      "alignment 2^31",
      { "general.alignment": { type: "u32", value: 2 ** 31 } },
      "CORRUPT_MODEL",
      /alignment is 2147483648/,
    ],
  ] as [string, Record<string, WritableValue | undefined>, string, RegExp][])(
    "with %s is refused",
    (_, changes, code, message) => {
      const error = refusalOf(withMetadata(changes));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    },
  );

  it.each([
    ["a dimension of 0", { name: "blk.0.x.weight", dimensions: [64, 0], type: "F32" }, /dimension of 0/],
    ["2^60 elements", { name: "blk.0.x.weight", dimensions: [2 ** 30, 2 ** 30], type: "F32" }, /too many/],
    ["five dimensions", { name: "blk.0.x.weight", dimensions: [1, 1, 1, 1, 1], type: "F32" }, /5 dimensions/],
    [
      "rows of half a quantization block",
      { name: "blk.0.x.weight", dimensions: [48], type: "Q4_0" },
      /multiple of Q4_0's block of 32/,
    ],
    ["the name of another", { name: "output.weight", dimensions: [64], type: "F32" }, /appears twice/],
    ["a name of 64 bytes", { name: "x".repeat(64), dimensions: [64], type: "F32" }, /at most 63/],
    [
      "the place of another",
      { name: "blk.0.x.weight", dimensions: [64], type: "F32", dataOffsetBytes: 0 },
      /starts at 0/,
    ],
    [
      "a hole before it",
      { name: "blk.0.x.weight", dimensions: [64], type: "F32", dataOffsetBytes: 1 << 20 },
      /starts at 1048576/,
    ],
  ])("about a tensor with %s is refused", (_, tensor, message) => {
    const error = refusalOf(withTensor(tensor));
    expect(error.code).toBe("CORRUPT_MODEL");
    expect(error.message).toMatch(message);
  });

  it("about a tensor type that does not exist is refused", () => {
    const gguf: WritableGguf = { ...tinyLlama, tensors: [{ name: "a", dimensions: [1], type: "F32" }] };
    const header = writeGgufHeader(gguf);
    // The table's only entry ends the header. Type and offset follow the name (8 + 1), the count (4) and the dimension (8).
    const type = header.lastIndexOf("a".charCodeAt(0)) + 1 + 4 + 8;
    for (const unknown of [4, 5, 31, 36, 43, 0xffff_ffff]) {
      new DataView(header.buffer).setUint32(type, unknown, true);
      expect(refusal(() => parseGguf(header, 1e6)).message).toMatch(`unknown type ${unknown}`);
    }
  });

  it("is refused when the file is shorter than its tensors, at every length", () => {
    const header = writeGgufHeader(tinyLlama);
    // The last tensor's 12,800 bytes are a multiple of 32: the file has no padding at its end.
    const fileBytes = ggufFileBytes(header, tinyLlama);
    for (let cut = 1; cut < 100; cut++) {
      const shortBytes = Math.floor((fileBytes * cut) / 100);
      const error = refusal(() => parseGguf(header.subarray(0, Math.min(shortBytes, header.length)), shortBytes));
      expect(error.code, `cut at ${cut} %`).toBe("CORRUPT_MODEL");
    }
    expect(refusal(() => parseGguf(header, fileBytes - 1)).message).toMatch(/cut off/);
    expect(parseGguf(header, fileBytes).kind).toBe("profile");
  });
});

describe("files that are not for chatting", () => {
  it.each([
    ["projector", { "general.architecture": "clip", "general.type": "mmproj" }],
    ["adapter", { "general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora" }],
  ] as const)("a %s needs no block count", (role, metadata) => {
    const profile = profileOf({
      metadata,
      tensors: [{ name: "blk.3.attn_q.weight.lora_a", dimensions: [64], type: "F32" }],
    });
    expect(profile.role).toBe(role);
    expect(profile.blocks).toBe(4);
  });

  it("an embedding model is one by its architecture or by its pooling", () => {
    expect(profileOf(withMetadata({ "llama.pooling_type": 3 })).role).toBe("embedding");
    expect(profileOf(withMetadata({ "llama.pooling_type": 0 })).role).toBe("text");
  });

  it("a part of a split file says which it is, from 1", () => {
    const split = { "split.count": { type: "u16", value: 3 }, "split.no": { type: "u16", value: 1 } } as const;
    const profile = profileOf({
      metadata: split,
      tensors: [{ name: "blk.1.ffn_up.weight", dimensions: [64], type: "F32" }],
    });
    expect(profile.split).toEqual({ part: 2, parts: 3 });
    expect(profile.blocksProfile[1]?.weightsBytes).toBe(256);
  });
});

describe("a model in three parts", () => {
  const [embedding, ...rest] = tinyLlama.tensors;
  const partOf = (index: number, tensors: WritableGguf["tensors"], metadata: WritableGguf["metadata"] = {}) => {
    const gguf: WritableGguf = {
      metadata: {
        ...metadata,
        "split.no": { type: "u16", value: index },
        "split.count": { type: "u16", value: 3 },
        "split.tensors.count": { type: "i32", value: 7 },
      },
      tensors,
    };
    const bytes = writeGgufHeader(gguf);
    return { bytes, fileBytes: ggufFileBytes(bytes, gguf) };
  };
  const parts = [
    partOf(0, embedding ? [embedding] : [], tinyLlama.metadata),
    partOf(1, rest.slice(0, 3)),
    partOf(2, rest.slice(3)),
  ] as const;

  it("is the same model as in one, but for its size on disk", () => {
    const parsed = parseGgufParts(parts);
    if (parsed.kind !== "profile") throw new Error("the whole headers were given");
    const whole = profileOf(tinyLlama);
    const { fileBytes, headerBytes, ...joined } = parsed.profile;
    expect({ ...joined, fileBytes: whole.fileBytes, headerBytes: whole.headerBytes }).toEqual(whole);
    expect(fileBytes).toBe(parts[0].fileBytes + parts[1].fileBytes + parts[2].fileBytes);
  });

  it("says which part needs more bytes", () => {
    const short = { bytes: parts[1].bytes.subarray(0, 40), fileBytes: parts[1].fileBytes };
    expect(parseGgufParts([parts[0], short, parts[2]])).toMatchObject({ kind: "need", part: 1 });
  });

  it.each([
    ["a part is missing", [parts[0], parts[1]], /Part 1 of 2 says that it is part 1 of 3/],
    ["parts are exchanged", [parts[0], parts[2], parts[1]], /Part 2 of 3 says that it is part 3 of 3/],
    ["tensors are missing", [parts[0], partOf(1, []), parts[2]], /hold 4 tensors; 7 were split/],
  ])("is refused when %s", (_, given, message) => {
    expect(refusal(() => parseGgufParts(given)).message).toMatch(message);
  });
});

describe("reading in pieces", () => {
  it("converges in few steps when it gets exactly the bytes it asked for", () => {
    const metadata = {
      ...tinyLlama.metadata,
      "tokenizer.ggml.scores": { type: "f32" as const, values: new Array<number>(200_000).fill(0) },
      "tokenizer.ggml.tokens": { strings: Array.from({ length: 200_000 }, (_, index) => `token-${index}`) },
      "tokenizer.ggml.merges": { strings: Array.from({ length: 300_000 }, (_, index) => `me ${index}`) },
    };
    const gguf = { ...tinyLlama, metadata };
    const header = writeGgufHeader(gguf);
    const fileBytes = ggufFileBytes(header, gguf);
    const asked: number[] = [];
    let parsed = parseGguf(new Uint8Array(0), fileBytes);
    while (parsed.kind === "need") {
      expect(parsed.bytes).toBeGreaterThan(asked.at(-1) ?? 0);
      asked.push(parsed.bytes);
      parsed = parseGguf(header.subarray(0, parsed.bytes), fileBytes);
    }
    expect(parsed.profile.vocabularySize).toBe(200_000);
    expect(asked.length).toBeLessThanOrEqual(6);
  });

  it("never answers differently for having seen more of the file", () => {
    const header = writeGgufHeader(tinyLlama);
    const fileBytes = ggufFileBytes(header, tinyLlama);
    const more = new Uint8Array(header.byteLength + 500);
    more.set(header);
    expect(parseGguf(more, fileBytes)).toEqual(parseGguf(header, fileBytes));
  });
});

describe("10,000 damaged headers", () => {
  const header = writeGgufHeader(tinyLlama);
  const fileBytes = ggufFileBytes(header, tinyLlama);
  const interesting = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
  const mutation = fc.record({
    at: fc.nat(header.byteLength - 1),
    values: fc.array(interesting, { minLength: 1, maxLength: 9 }),
  });

  it("end in a profile, a wish for more, or a GgufFormatError, all within 10 s of computing", () => {
    const before = process.cpuUsage();
    fc.assert(
      fc.property(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(header.byteLength)),
        (mutations, length) => {
          const damaged = header.slice(0, length ?? header.byteLength);
          for (const { at, values } of mutations)
            damaged.set(values.slice(0, Math.max(0, damaged.length - at)), Math.min(at, damaged.length));
          try {
            const parsed = parseGguf(damaged, fileBytes);
            if (parsed.kind === "need") expect(parsed.bytes).toBeGreaterThan(damaged.byteLength);
          } catch (error) {
            expect(error).toBeInstanceOf(GgufFormatError);
          }
        },
      ),
      { numRuns: 10_000, seed: 20_260_801 },
    );
    // Processor time: other programs on this machine do not count. A single hang would end in the test's time limit.
    expect(process.cpuUsage(before).user).toBeLessThan(10e6);
  });
});
