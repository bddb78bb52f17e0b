import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { memorySurfaceSchema } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { headerSurface } from "./header-surface";
import { memoryNeed } from "./memory-need";

const run = { batchTokens: 512, sequences: 1, flashAttention: "auto" } as const;

function profileOf(id: string): ModelProfile {
  const { header, fileBytes } = shapeFile(modelShape(id));
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error(`${id}: the header wants more bytes`);
  return parsed.profile;
}

const kvMib = (id: string, contextTokens: number, kvType: "f16" | "q8_0" | "q4_0") => {
  const surface = headerSurface(profileOf(id), run);
  const everything = surface.model.blocks + 1;
  return memoryNeed(surface, { gpuLayers: everything, contextTokens, kvType }).gpu.kvBytes / MIB;
};

describe("KV cache of whole models, from the header", () => {
  it.each([
    // 56 layers * 8 heads * 128 * 2; an Ollama log says 5712.00 MiB
    ["mistral-small-22b", 49_152, "q8_0", 5712],
    // 32 layers * 8 heads * 128 * 2
    ["llama-3.1-8b", 32_768, "f16", 4096],
    ["llama-3.1-8b", 32_768, "q8_0", 2176],
    ["llama-3.1-8b", 32_768, "q4_0", 1152],
    // Head size of its own, not width / heads: 36 layers * 8 heads * 128 * 2 * 2 bytes * 4,096
    ["qwen3-8b", 4096, "f16", 576],
    // Sliding window: 8 full layers * 64 MiB; 40 of 1,792 cells (1,024 + 1 + 512 padded) * 8 heads * 256 * 2 * 2 bytes = 14 MiB
    ["gemma-3-12b", 8192, "f16", 1072],
    // 12 full layers * 16 MiB; 12 of 768 cells (128 + 1 + 512 padded) * 2,048 bytes = 1.5 MiB
    ["gpt-oss-20b", 8192, "f16", 210],
    // Latent attention, K only: 61 layers * (512 + 64) * 2 bytes * 4,096
    ["deepseek-v3", 4096, "f16", 274.5],
    // Array of KV heads, 5 * 3 + 7 * 4 + 4 * 5 = 63: 63 * 64 * 2 * 2 bytes * 2,048
    ["openelm-270m", 2048, "f16", 31.5],
    // State only: 64 layers * (16 * 5,120 + 3 * 5,120) * 4 bytes
    ["mamba-2.8b", 4096, "f16", 23.75],
    ["mamba-2.8b", 131_072, "q4_0", 23.75],
    // Hybrid: 6 layers * 8 heads * 64 * 2 * 2 bytes * 4,096 = 48 MiB; 10 layers * 2 * 2,048 * 4 bytes = 0.15625 MiB
    ["lfm2-1.2b", 4096, "f16", 48.15625],
  ] as const)("is for %s at %i tokens and %s %d MiB", (id, contextTokens, kvType, mib) => {
    expect(kvMib(id, contextTokens, kvType)).toBe(mib);
  });

  it("tells the kinds of layers apart", () => {
    const kinds = (id: string) => new Set(headerSurface(profileOf(id), run).layers.map(layer => layer.kind));
    expect(kinds("gemma-3-12b")).toEqual(new Set(["attention", "sliding-window", "output"]));
    expect(kinds("lfm2-1.2b")).toEqual(new Set(["attention", "recurrent", "output"]));
  });

  it("makes every V as wide as the widest without flash attention", () => {
    const off = headerSurface(profileOf("openelm-270m"), { ...run, flashAttention: "off" });
    const { gpu } = memoryNeed(off, { gpuLayers: 17, contextTokens: 2048, kvType: "f16" });
    // K as before: 63 heads; V: 16 layers of 5 heads. (63 + 80) * 64 * 2 bytes * 2,048
    expect(gpu.kvBytes).toBe(37_486_592);
  });
});

describe("weights from the header", () => {
  it("keep the token embedding in system memory, and copy it to the GPU where it is tied", () => {
    const { tiedEmbeddings, embeddingWeightsBytes, gpuWeightsBytes, ramWeightsBytes } = {
      ...headerSurface(profileOf("qwen3-0.6b"), run),
      tiedEmbeddings: profileOf("qwen3-0.6b").tiedEmbeddings,
    };
    expect(tiedEmbeddings).toBe(true);
    expect(ramWeightsBytes.at(-1)).toBe(embeddingWeightsBytes);
    // k = 1 adds the copy and the final norm (1,024 f32) on the GPU, and takes only the norm from RAM
    expect(gpuWeightsBytes[1]).toBe(embeddingWeightsBytes + 4096);
    expect((ramWeightsBytes[0] ?? 0) - (ramWeightsBytes[1] ?? 0)).toBe(4096);
  });

  it("add up over both sides wherever nothing is copied or shared", () => {
    const { gpuWeightsBytes, ramWeightsBytes } = headerSurface(profileOf("mistral-7b-v0.1"), run);
    const sums = new Set(gpuWeightsBytes.map((bytes, k) => bytes + (ramWeightsBytes[k] ?? 0)));
    expect(sums.size).toBe(1);
    expect(gpuWeightsBytes).toHaveLength(34);
    expect(gpuWeightsBytes[0]).toBe(0);
  });

  it("hold one copy of what all blocks share on each side that has a block", () => {
    const profile = profileOf("llama-3.1-8b");
    const sharedBytes = profile.shared.reduce((sum, tensor) => sum + tensor.bytes, 0);
    // rope_freqs: 64 f32
    expect(sharedBytes).toBe(256);
    const { gpuWeightsBytes, ramWeightsBytes } = headerSurface(profile, run);
    const sums = gpuWeightsBytes.map((bytes, k) => bytes + (ramWeightsBytes[k] ?? 0));
    expect([sums[0], sums[1]]).toEqual([sums[33], sums[33]]);
    expect((sums[2] ?? 0) - (sums[1] ?? 0)).toBe(256);
    expect((sums[32] ?? 0) - (sums[33] ?? 0)).toBe(256);
  });
});

describe("the estimate of the compute buffer", () => {
  it.each(["llama-3.1-8b", "gemma-3-12b", "deepseek-v3", "mamba-2.8b", "qwen3-next-80b-a3b"])(
    "of %s makes a valid surface that says it is estimated",
    id => {
      const surface = headerSurface(profileOf(id), run);
      expect(memorySurfaceSchema.safeParse(surface).success).toBe(true);
      expect(surface.computeSource).toBe("estimated");
    },
  );

  // llama.cpp's CPU build (node-llama-cpp 3.22.1, batch 512): compute buffers in MiB, rounded down.
  it.each([
    ["llama-3.1-8b", 16_384, 267],
    ["mistral-7b-v0.1", 4096, 120],
    ["gemma-3-12b", 4096, 528],
    ["deepseek-v2-lite", 4096, 240],
    ["gpt-oss-20b", 4096, 415],
    ["phi-3-mini", 512, 87],
    ["qwen3-30b-a3b", 4096, 305],
  ])("of %s at %i tokens is above llama.cpp's %i MiB, by less than 40 %%", (id, contextTokens, mib) => {
    const surface = headerSurface(profileOf(id), run);
    const everything = { gpuLayers: surface.model.blocks + 1, contextTokens, kvType: "f16" } as const;
    const estimatedMib = memoryNeed(surface, everything).gpu.computeBytes / MIB;
    expect(estimatedMib).toBeGreaterThanOrEqual(mib);
    expect(estimatedMib).toBeLessThan(1.4 * mib);
  });

  // Vulkan dry run, 16 layers: the GPU also computes for the CPU's layers, whose KV cache visits it.
  it("of Llama 2 7B at 16,384 tokens covers 425 MiB while layers are split", () => {
    const surface = headerSurface(profileOf("llama-2-7b"), run);
    const split = memoryNeed(surface, { gpuLayers: 16, contextTokens: 16_384, kvType: "f16" }).gpu.computeBytes / MIB;
    expect(split).toBeGreaterThan(425);
    expect(split).toBeLessThan(600);
  });
});
