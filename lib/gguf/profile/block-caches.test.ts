import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GgufFormatError } from "../header/gguf-format-error";
import { parseGguf } from "../parse-gguf";
import { ggufFileBytes, type WritableValue, writeGgufHeader } from "../testing/gguf-writer";
import { architectureTraits } from "./architecture-traits";
import type { ModelProfile } from "./model-profile";

/** A model of this many blocks, 8 heads and 2 KV heads of 64, with the given keys in addition. */
function profileOf(architecture: string, blocks: number, keys: Record<string, WritableValue> = {}): ModelProfile {
  const own = {
    context_length: 32_768,
    embedding_length: 512,
    block_count: blocks,
    "attention.head_count": 8,
    "attention.head_count_kv": 2,
    ...keys,
  };
  const gguf = {
    metadata: {
      "general.architecture": architecture,
      ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
    },
    tensors: Array.from({ length: blocks }, (_, block) => ({
      name: `blk.${block}.attn_norm.weight`,
      dimensions: [512],
      type: "F32",
    })),
  };
  const header = writeGgufHeader(gguf);
  const parsed = parseGguf(header, ggufFileBytes(header, gguf));
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return parsed.profile;
}

const letters = { attention: "A", "sliding-window": "w", recurrent: "r", "feed-forward": "f" } as const;
const kindsOf = (profile: ModelProfile): string => profile.blocksProfile.map(block => letters[block.kind]).join("");
const flags = (...values: readonly number[]): WritableValue => ({ type: "bool", values });
const counts = (...values: readonly number[]): WritableValue => ({ type: "u32", values });

describe("sliding windows", () => {
  // A: full attention, w: window. Patterns as in llama.cpp's src/models/<name>.cpp.
  it.each([
    ["llama", 8, { "attention.sliding_window": 4096 }, "AAAAAAAA", 0],
    ["phi3", 4, { "attention.sliding_window": 2047 }, "AAAA", 0],
    ["gemma2", 4, {}, "wAwA", 4096],
    ["gemma2", 4, { "attention.sliding_window": 1024 }, "wAwA", 1024],
    ["gemma3", 7, { "attention.sliding_window": 512 }, "wwwwwAw", 512],
    ["gemma3", 7, {}, "AAAAAAA", 0],
    ["gemma3", 4, { "attention.sliding_window": 512, "attention.sliding_window_pattern": 2 }, "wAwA", 512],
    [
      "gemma3",
      4,
      { "attention.sliding_window": 512, "attention.sliding_window_pattern": flags(1, 0, 0, 1) },
      "wAAw",
      512,
    ],
    ["gpt-oss", 4, { "attention.sliding_window": 128 }, "wAwA", 128],
    ["cohere2", 5, { "attention.sliding_window": 4096 }, "wwwAw", 4096],
    ["llama4", 5, {}, "wwwAw", 8192],
    ["llama4", 4, { "attention.sliding_window": 0 }, "AAAA", 0],
    ["smallthinker", 5, { "attention.sliding_window": 100 }, "AwwwA", 4096],
    ["laguna", 5, { "attention.sliding_window": 512 }, "AwwwA", 512],
    ["exaone4", 8, {}, "AAAAAAAA", 0],
    ["exaone4", 64, {}, "wwwA".repeat(16), 4096],
    [
      "mimo2",
      4,
      { "attention.sliding_window": 128, "attention.sliding_window_pattern": flags(0, 1, 1, 0) },
      "AwwA",
      128,
    ],
    [
      "lfm2",
      4,
      { "attention.sliding_window": 256, "attention.head_count_kv": counts(0, 2, 0, 2), "shortconv.l_cache": 3 },
      "rwrw",
      256,
    ],
  ] as [string, number, Record<string, WritableValue>, string, number][])(
    "%s with %i blocks and %o: %s, window %i",
    (architecture, blocks, keys, kinds, tokens) => {
      const profile = profileOf(architecture, blocks, keys);
      expect(kindsOf(profile)).toBe(kinds);
      expect(profile.slidingWindowTokens).toBe(tokens);
      for (const { kind, kv } of profile.blocksProfile) {
        expect(kv.growth).toBe({ A: "full", w: "window", r: "none", f: "none" }[letters[kind]]);
        expect(kv.windowTokens).toBe(kind === "sliding-window" ? tokens : 0);
      }
    },
  );

  it("may have a head size of their own", () => {
    const profile = profileOf("gemma4", 2, {
      "attention.sliding_window": 512,
      "attention.sliding_window_pattern": flags(1, 0),
      "attention.key_length": 512,
      "attention.value_length": 512,
      "attention.key_length_swa": 256,
      "attention.value_length_swa": 256,
    });
    // 2 KV heads.
    expect(profile.blocksProfile.map(block => block.kv.kElementsPerCell)).toEqual([512, 1024]);
  });
});

describe("blocks that reuse or skip a cache", () => {
  const growths = (profile: ModelProfile) => profile.blocksProfile.map(block => block.kv.growth);

  it("Gemma 3n caches in its first 20 blocks", () => {
    const profile = profileOf("gemma3n", 22, { "attention.sliding_window": 512 });
    expect(growths(profile).slice(18)).toEqual(["window", "full", "none", "none"]);
  });

  it("Gemma 4 says how many blocks share", () => {
    const keys = {
      "attention.sliding_window": 512,
      "attention.sliding_window_pattern": flags(1, 0, 1, 0),
      "attention.shared_kv_layers": 1,
    };
    expect(growths(profileOf("gemma4", 4, keys))).toEqual(["window", "full", "window", "none"]);
  });

  it("blocks that only predict further tokens cache and load nothing", () => {
    const profile = profileOf("glm4moe", 4, { nextn_predict_layers: 1 });
    expect(growths(profile)).toEqual(["full", "full", "full", "none"]);
    expect(profile.blocksProfile.map(block => block.weightsBytes)).toEqual([2048, 2048, 2048, 0]);
  });

  it("encoders have no cache", () => {
    const profile = profileOf("bert", 2);
    expect([profile.role, ...growths(profile)]).toEqual(["embedding", "none", "none"]);
  });

  it("DeciLM's blocks without heads are feed-forward only", () => {
    const keys = { "attention.head_count": counts(8, 0), "attention.head_count_kv": counts(2, 0) };
    expect(kindsOf(profileOf("deci", 2, keys))).toBe("Af");
  });
});

describe("recurrent blocks", () => {
  const state = {
    "ssm.conv_kernel": 4,
    "ssm.inner_size": 1024,
    "ssm.state_size": 16,
    "ssm.time_step_rank": 32,
    "ssm.group_count": 1,
  };
  // 3 x (1024 + 2 x 16) + 16 x 1024 elements of four bytes.
  const stateBytes = (3 * 1056 + 16_384) * 4;

  it.each([
    ["jamba", { "attention.head_count_kv": counts(0, 0, 2, 0) }, "rrAr", [1, 1, 0, 1]],
    ["falcon-h1", {}, "AAAA", [1, 1, 1, 1]],
    ["mamba2", {}, "rrrr", [1, 1, 1, 1]],
    ["qwen3next", {}, "rrrA", [1, 1, 1, 0]],
    ["qwen3next", { full_attention_interval: 2 }, "rArA", [1, 0, 1, 0]],
    ["qwen35", { "attention.recurrent_layers": flags(0, 1, 0, 1) }, "ArAr", [0, 1, 0, 1]],
    [
      "nemotron_h",
      { "attention.head_count_kv": counts(0, 0, 2, 0), feed_forward_length: counts(0, 2048, 0, 0) },
      "rfAr",
      [1, 0, 0, 1],
    ],
  ] as [string, Record<string, WritableValue>, string, number[]][])(
    "%s with %o: %s",
    (architecture, keys, kinds, has) => {
      const profile = profileOf(architecture, 4, { ...state, ...keys });
      expect(kindsOf(profile)).toBe(kinds);
      expect(profile.blocksProfile.map(block => block.kv.fixedBytes)).toEqual(has.map(one => one * stateBytes));
    },
  );

  it("RWKV keeps token shifts and one matrix a head", () => {
    // 2 x 512 + 512 x 64 elements.
    expect(profileOf("rwkv6", 1, { "wkv.head_size": 64 }).blocksProfile[0]?.kv.fixedBytes).toBe((1024 + 32_768) * 4);
  });

  it("Kimi's delta attention keeps a square matrix a head", () => {
    const keys = { "attention.head_count_kv": counts(0, 2), "kda.head_dim": 128, "ssm.conv_kernel": 4 };
    // 3 x 3 x 8 x 128 + 128 x 128 x 8 elements.
    expect(profileOf("kimi-linear", 2, keys).blocksProfile[0]?.kv.fixedBytes).toBe((9216 + 131_072) * 4);
  });
});

describe("latent attention", () => {
  const latent = { "attention.head_count_kv": 1, "attention.key_length": 576, "attention.value_length": 512 };
  it("caches one compressed K and no V", () => {
    const keys = { ...latent, "attention.key_length_mla": 192, "attention.value_length_mla": 128 };
    const profile = profileOf("deepseek2", 1, keys);
    expect(profile.blocksProfile[0]?.kv).toMatchObject({ kElementsPerCell: 576, vElementsPerCell: 0 });
    expect(profile.mlaKvElements).toBe(576);
  });

  it("of a file from before it was supported is plain attention with wide heads", () => {
    const keys = { "attention.head_count_kv": 8, "attention.key_length": 192, "attention.value_length": 128 };
    const profile = profileOf("deepseek2", 1, keys);
    expect(profile.blocksProfile[0]?.kv).toMatchObject({ kElementsPerCell: 8 * 192, vElementsPerCell: 8 * 128 });
    expect(profile.mlaKvElements).toBe(0);
  });
});

it("any values in the keys that are read end in sizes that are safe integers, or in a GgufFormatError", () => {
  const number = fc.oneof(fc.nat(600), fc.constantFrom(0, 1, 2 ** 16, 2 ** 20, 2 ** 31, 2 ** 32 - 1));
  const value: fc.Arbitrary<WritableValue> = fc.oneof(
    { weight: 6, arbitrary: number },
    { weight: 2, arbitrary: fc.array(number, { maxLength: 8 }).map(values => counts(...values)) },
    fc.string({ maxLength: 5 }),
    fc.boolean(),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(big => ({ type: "u64" as const, value: big })),
    fc.double().map(real => ({ type: "f32" as const, value: real })),
  );
  const keys = fc.dictionary(
    fc.constantFrom(
      "attention.head_count",
      "attention.head_count_kv",
      "attention.key_length",
      "attention.value_length",
      "attention.key_length_mla",
      "attention.value_length_mla",
      "attention.sliding_window",
      "attention.sliding_window_pattern",
      "attention.shared_kv_layers",
      "attention.recurrent_layers",
      "full_attention_interval",
      "nextn_predict_layers",
      "feed_forward_length",
      "expert_count",
      "expert_used_count",
      "ssm.conv_kernel",
      "ssm.inner_size",
      "ssm.state_size",
      "ssm.group_count",
      "wkv.head_size",
      "token_shift_count",
      "shortconv.l_cache",
      "kda.head_dim",
      "pooling_type",
      "context_length",
      "embedding_length",
    ),
    value,
  );
  fc.assert(
    fc.property(fc.constantFrom(...architectureTraits.keys()), keys, (architecture, changed) => {
      try {
        const { blocksProfile } = profileOf(architecture, 4, changed);
        for (const { kv } of blocksProfile)
          for (const size of [kv.kElementsPerCell, kv.vElementsPerCell, kv.fixedBytes, kv.windowTokens])
            expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(GgufFormatError);
      }
    }),
    { numRuns: 3000, seed: 20_260_801 },
  );
});
