import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { ComputeColumn, LayerKv, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { defaultSettings, type PlanSettings, planSettingsOf } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";

/** Surfaces and cards for tests, with numbers from llama.cpp's own dry run. */

const NO_KV: LayerKv = { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 };

const column = (gpuLayers: number, gpu: readonly number[]): ComputeColumn => ({
  gpuLayers,
  points: [256, 512, 2048, 4096, 8192, 16_384, 32_768].map((contextTokens, index) => ({
    contextTokens,
    gpuBytes: gpu[index] ?? 0,
    ramBytes: [8_526_848, 17_315_840, 18_888_704, 20_985_856, 25_180_160, 33_568_768, 50_345_984][index] ?? 0,
  })),
});

const MISTRAL_BLOCK_BYTES = 122_716_160;
const MISTRAL_OUTPUT_BYTES = 107_536_384;
const MISTRAL_EMBEDDING_BYTES = 73_728_000;

const mistralLayers: LayerMemory[] = Array.from({ length: 33 }, (_, index) => ({
  index,
  role: index === 32 ? "output" : "block",
  kind: index === 32 ? "output" : "attention",
  experts: 0,
  weightsBytes: index === 32 ? MISTRAL_OUTPUT_BYTES : MISTRAL_BLOCK_BYTES,
  activeBytes: index === 32 ? MISTRAL_OUTPUT_BYTES : MISTRAL_BLOCK_BYTES,
  expertBytes: 0,
  attentionWidth: index === 32 ? 0 : 4096,
  attentionHeads: index === 32 ? 0 : 32,
  kv: index === 32 ? NO_KV : { ...NO_KV, growth: "full", kElementsPerCell: 1024, vElementsPerCell: 1024 },
}));

const mistralGpuWeights = Array.from({ length: 34 }, (_, k) =>
  k === 0 ? 0 : MISTRAL_OUTPUT_BYTES + (k - 1) * MISTRAL_BLOCK_BYTES,
);

/**
 * Mistral 7B's shape: 32 blocks of Q4_K, a Q6_K output layer, grouped-query attention with 8 heads of 128.
 * Source: dry runs of node-llama-cpp 3.22.1 on a Vulkan device, batch 512, one sequence, flash attention auto.
 */
export const mistralSurface: MemorySurface = {
  version: 3,
  model: {
    name: "mistral-7b-instruct-v0.1",
    architecture: "llama",
    quantization: "Q4_K_M",
    blocks: 32,
    fileBytes: 4_108_199_360,
    trainContextTokens: 32_768,
    embeddingLength: 4096,
    vocabularySize: 32_000,
    tiedEmbeddings: false,
  },
  batchTokens: 512,
  sequences: 1,
  flashAttention: "auto",
  computeSource: "dry-run",
  weightsSource: "closed-form",
  kvSource: "closed-form",
  embeddingWeightsBytes: MISTRAL_EMBEDDING_BYTES,
  layers: mistralLayers,
  gpuWeightsBytes: mistralGpuWeights,
  ramWeightsBytes: mistralGpuWeights.map(
    gpuBytes => MISTRAL_EMBEDDING_BYTES + MISTRAL_OUTPUT_BYTES + 32 * MISTRAL_BLOCK_BYTES - gpuBytes,
  ),
  compute: {
    f16: [
      column(0, [144_482_304, 181_444_608, 201_826_304, 201_826_304, 201_826_304, 201_826_304, 201_826_304]),
      column(1, [80_675_840, 134_744_064, 120_064_000, 130_549_760, 135_792_640, 168_822_784, 193_988_608]),
      column(32, [80_675_840, 134_744_064, 120_064_000, 130_549_760, 126_355_456, 168_822_784, 193_988_608]),
      column(33, [52_566_016, 105_394_176, 106_967_040, 109_064_192, 113_258_496, 121_647_104, 138_424_320]),
    ],
    q8_0: [
      column(1, [80_741_376, 135_858_176, 135_858_176, 144_246_784, 152_111_104, 178_849_792, 198_248_448]),
      column(32, [80_741_376, 135_858_176, 135_858_176, 144_246_784, 152_111_104, 178_849_792, 198_248_448]),
      column(33, [56_842_240, 113_864_704, 115_437_568, 117_534_720, 113_340_416, 121_729_024, 138_506_240]),
    ],
    q4_0: [
      column(1, [80_741_376, 135_858_176, 135_858_176, 144_246_784, 143_198_208, 152_635_392, 183_502_848]),
      column(32, [80_741_376, 135_858_176, 135_858_176, 144_246_784, 143_198_208, 152_635_392, 183_502_848]),
      column(33, [56_842_240, 113_864_704, 115_437_568, 117_534_720, 113_340_416, 121_729_024, 138_506_240]),
    ],
  },
};

/** The card of the first write-up's example, with 300 MiB of overhead assumed. */
export const p4000: GpuMemory = {
  name: "Quadro P4000",
  backend: "cuda",
  kind: "dedicated",
  totalBytes: 8192 * MIB,
  usedByOthersBytes: 857 * MIB,
  heldByEngineBytes: 0,
  freeBytes: 7335 * MIB,
  overhead: { bytes: 300 * MIB, source: "learned", samples: 3, spreadBytes: 0 },
  source: "nvidia-smi",
};

/** Defaults (target 0.8, 4,096 tokens, f16, batch 512) with these changes. */
export const planSettings = (changes: Partial<PlanSettings> = {}): PlanSettings => ({
  ...planSettingsOf(defaultSettings),
  PARALLEL: 1,
  ...changes,
});
