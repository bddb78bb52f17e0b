import { ggufFileBytes, type WritableGguf, writeGgufHeader } from "./gguf-writer";
import {
  deepSeek2,
  falconH1,
  gemma2,
  gemma3,
  gptOss,
  graniteHybrid,
  lfm2,
  llama,
  llama3,
  mambaModel,
  openElm,
  phi3,
  qwen2,
  qwen3,
  qwen3Moe,
  qwen3Next,
  withTokenizer,
} from "./shape-families";

/**
 * Shapes of real models, as their makers published them (config.json), written as llama.cpp's converters write them.
 * A header made from one is valid. With the file extended to `fileBytes` (sparse zeros), llama.cpp accepts it as a model.
 */
export interface ModelShape {
  readonly id: string;
  readonly family: string;
  readonly gguf: WritableGguf;
}

/** @returns the header of the file and the size that the file must have (write the header, then ftruncate) */
export function shapeFile(shape: ModelShape): { readonly header: Uint8Array; readonly fileBytes: number } {
  const header = writeGgufHeader(shape.gguf);
  return { header, fileBytes: ggufFileBytes(header, shape.gguf) };
}

export function modelShape(id: string): ModelShape {
  const found = [...realShapes, ...smallShapes].find(shape => shape.id === id);
  if (!found) throw new Error(`No model shape is called "${id}".`);
  return found;
}

const shape = (id: string, family: string, gguf: WritableGguf): ModelShape => ({
  id,
  family,
  gguf: { ...gguf, metadata: { ...gguf.metadata, "general.name": id } },
});

const loadable = (id: string, family: string, gguf: WritableGguf): ModelShape => {
  const named = shape(id, family, gguf);
  return { ...named, gguf: withTokenizer(named.gguf) };
};

/** In OpenELM, the number of heads and the feed-forward grow from block to block. */
const openElm270mHeads = [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20];
const openElm270mInner = [
  768, 1024, 1280, 1536, 1792, 2048, 2560, 2816, 3072, 3328, 3584, 3840, 4352, 4608, 4864, 5120,
];

/** The real sizes: files of up to hundreds of GB, for dry runs only. */
export const realShapes: readonly ModelShape[] = [
  shape(
    "llama-2-7b",
    "Llama 2",
    llama({
      blocks: 32,
      width: 4096,
      heads: 32,
      kvHeads: 32,
      feedForward: 11_008,
      vocabulary: 32_000,
      contextTokens: 4096,
    }),
  ),
  shape(
    "llama-3.1-8b",
    "Llama 3",
    llama3({
      blocks: 32,
      width: 4096,
      heads: 32,
      kvHeads: 8,
      feedForward: 14_336,
      vocabulary: 128_256,
      contextTokens: 131_072,
    }),
  ),
  shape(
    "mistral-7b-v0.1",
    "Mistral",
    llama({
      blocks: 32,
      width: 4096,
      heads: 32,
      kvHeads: 8,
      feedForward: 14_336,
      vocabulary: 32_000,
      contextTokens: 32_768,
    }),
  ),
  shape(
    "mistral-small-22b",
    "Mistral",
    llama({
      blocks: 56,
      width: 6144,
      heads: 48,
      kvHeads: 8,
      feedForward: 16_384,
      vocabulary: 32_768,
      contextTokens: 131_072,
    }),
  ),
  shape(
    "qwen2.5-7b",
    "Qwen2",
    qwen2({
      blocks: 28,
      width: 3584,
      heads: 28,
      kvHeads: 4,
      feedForward: 18_944,
      vocabulary: 152_064,
      contextTokens: 32_768,
    }),
  ),
  shape(
    "qwen3-0.6b",
    "Qwen3",
    qwen3(
      {
        blocks: 28,
        width: 1024,
        heads: 16,
        kvHeads: 8,
        headSize: 128,
        feedForward: 3072,
        vocabulary: 151_936,
        contextTokens: 40_960,
      },
      { tied: true },
    ),
  ),
  shape(
    "qwen3-8b",
    "Qwen3",
    qwen3({
      blocks: 36,
      width: 4096,
      heads: 32,
      kvHeads: 8,
      headSize: 128,
      feedForward: 12_288,
      vocabulary: 151_936,
      contextTokens: 40_960,
    }),
  ),
  shape(
    "qwen3-30b-a3b",
    "Qwen3-MoE",
    qwen3Moe(
      {
        blocks: 48,
        width: 2048,
        heads: 32,
        kvHeads: 4,
        headSize: 128,
        feedForward: 6144,
        vocabulary: 151_936,
        contextTokens: 40_960,
      },
      { count: 128, used: 8, inner: 768 },
    ),
  ),
  shape(
    "gemma-2-9b",
    "Gemma 2",
    gemma2(
      {
        blocks: 42,
        width: 3584,
        heads: 16,
        kvHeads: 8,
        headSize: 256,
        feedForward: 14_336,
        vocabulary: 256_000,
        contextTokens: 8192,
      },
      4096,
    ),
  ),
  shape(
    "gemma-3-12b",
    "Gemma 3",
    gemma3(
      {
        blocks: 48,
        width: 3840,
        heads: 16,
        kvHeads: 8,
        headSize: 256,
        feedForward: 15_360,
        vocabulary: 262_208,
        contextTokens: 131_072,
      },
      1024,
    ),
  ),
  shape(
    "phi-3-mini",
    "Phi-3",
    phi3({
      blocks: 32,
      width: 3072,
      heads: 32,
      kvHeads: 32,
      feedForward: 8192,
      vocabulary: 32_064,
      contextTokens: 131_072,
    }),
  ),
  shape(
    "deepseek-v2-lite",
    "DeepSeek V2",
    deepSeek2({
      blocks: 27,
      width: 2048,
      heads: 16,
      queryRank: 0,
      feedForward: 10_944,
      denseBlocks: 1,
      experts: { count: 64, used: 6, inner: 1408 },
      sharedExperts: 2,
      vocabulary: 102_400,
      contextTokens: 163_840,
    }),
  ),
  shape(
    "deepseek-v3",
    "DeepSeek V3",
    deepSeek2({
      blocks: 61,
      width: 7168,
      heads: 128,
      queryRank: 1536,
      feedForward: 18_432,
      denseBlocks: 3,
      experts: { count: 256, used: 8, inner: 2048 },
      sharedExperts: 1,
      vocabulary: 129_280,
      contextTokens: 163_840,
      routerCorrection: true,
    }),
  ),
  shape(
    "gpt-oss-20b",
    "GPT-OSS",
    gptOss(
      {
        blocks: 24,
        width: 2880,
        heads: 64,
        kvHeads: 8,
        headSize: 64,
        feedForward: 2880,
        vocabulary: 201_088,
        contextTokens: 131_072,
      },
      { count: 32, used: 4, inner: 2880 },
      128,
    ),
  ),
  shape(
    "mamba-2.8b",
    "Mamba",
    mambaModel({ blocks: 64, width: 2560, vocabulary: 50_280, stateSize: 16, timeStepRank: 160 }),
  ),
  shape(
    "lfm2-1.2b",
    "LFM2",
    lfm2({
      blocks: 16,
      width: 2048,
      heads: 32,
      kvHeads: 8,
      feedForward: 8192,
      vocabulary: 65_536,
      contextTokens: 128_000,
      attentionBlocks: [2, 5, 8, 10, 12, 14],
    }),
  ),
  shape(
    "falcon-h1-0.5b",
    "Falcon-H1",
    falconH1(
      {
        blocks: 36,
        width: 1024,
        heads: 8,
        kvHeads: 2,
        headSize: 64,
        feedForward: 2048,
        vocabulary: 32_784,
        contextTokens: 16_384,
      },
      { inner: 1536, stateSize: 128, heads: 24, groups: 1 },
    ),
  ),
  shape(
    "granite-4.0-h-tiny",
    "Granite 4",
    graniteHybrid(
      {
        blocks: 40,
        width: 1536,
        heads: 12,
        kvHeads: 4,
        feedForward: 512,
        vocabulary: 100_352,
        contextTokens: 131_072,
        attentionBlocks: [5, 15, 25, 35],
      },
      { inner: 3072, stateSize: 128, heads: 48, groups: 1 },
      { count: 64, used: 6, inner: 512 },
      1024,
    ),
  ),
  shape(
    "qwen3-next-80b-a3b",
    "Qwen3-Next",
    qwen3Next(
      {
        blocks: 48,
        width: 2048,
        heads: 16,
        kvHeads: 2,
        headSize: 256,
        feedForward: 5120,
        vocabulary: 151_936,
        contextTokens: 262_144,
      },
      { keyHeads: 16, valueHeads: 32, headSize: 128 },
      { count: 512, used: 10, inner: 512 },
    ),
  ),
  shape(
    "openelm-270m",
    "OpenELM",
    openElm({
      blocks: 16,
      width: 1280,
      heads: openElm270mHeads,
      kvHeads: openElm270mHeads.map(heads => heads / 4),
      headSize: 64,
      feedForward: openElm270mInner,
      vocabulary: 32_000,
      contextTokens: 2048,
    }),
  ),
];

/**
 * The same structures, small enough for a 2 GiB device to load: at most about 160 MB each. Trained contexts are short enough that no
 * block's K or V exceeds 128 MiB, the largest tensor of a software Vulkan device. llama.cpp aborts on a larger one.
 */
export const smallShapes: readonly ModelShape[] = [
  loadable(
    "small-llama-2",
    "Llama 2",
    llama({ blocks: 8, width: 512, heads: 8, kvHeads: 8, feedForward: 1536, vocabulary: 32_000, contextTokens: 4096 }),
  ),
  loadable(
    "small-llama-3",
    "Llama 3",
    llama3({
      blocks: 8,
      width: 1024,
      heads: 16,
      kvHeads: 4,
      feedForward: 2816,
      vocabulary: 16_384,
      contextTokens: 131_072,
    }),
  ),
  loadable(
    "small-mistral",
    "Mistral",
    llama({
      blocks: 10,
      width: 768,
      heads: 12,
      kvHeads: 4,
      feedForward: 2048,
      vocabulary: 32_000,
      contextTokens: 32_768,
    }),
  ),
  loadable(
    "small-qwen2",
    "Qwen2",
    qwen2({
      blocks: 8,
      width: 896,
      heads: 14,
      kvHeads: 2,
      feedForward: 4864,
      vocabulary: 32_768,
      contextTokens: 32_768,
    }),
  ),
  loadable(
    "small-qwen3",
    "Qwen3",
    qwen3(
      {
        blocks: 8,
        width: 512,
        heads: 8,
        kvHeads: 4,
        headSize: 128,
        feedForward: 1536,
        vocabulary: 32_768,
        contextTokens: 40_960,
      },
      { tied: true },
    ),
  ),
  loadable(
    "small-qwen3-moe",
    "Qwen3-MoE",
    qwen3Moe(
      {
        blocks: 6,
        width: 512,
        heads: 8,
        kvHeads: 2,
        headSize: 128,
        feedForward: 1536,
        vocabulary: 32_768,
        contextTokens: 40_960,
      },
      { count: 16, used: 4, inner: 256 },
    ),
  ),
  loadable(
    "small-gemma-2",
    "Gemma 2",
    gemma2(
      {
        blocks: 8,
        width: 768,
        heads: 4,
        kvHeads: 2,
        headSize: 256,
        feedForward: 3072,
        vocabulary: 64_000,
        contextTokens: 8192,
      },
      1024,
    ),
  ),
  loadable(
    "small-gemma-3",
    "Gemma 3",
    gemma3(
      {
        blocks: 12,
        width: 768,
        heads: 4,
        kvHeads: 1,
        headSize: 256,
        feedForward: 3072,
        vocabulary: 64_000,
        contextTokens: 32_768,
      },
      512,
    ),
  ),
  loadable(
    "small-phi-3",
    "Phi-3",
    phi3({
      blocks: 8,
      width: 768,
      heads: 8,
      kvHeads: 8,
      feedForward: 2048,
      vocabulary: 32_064,
      contextTokens: 65_536,
    }),
  ),
  loadable(
    "small-deepseek-2",
    "DeepSeek V2",
    deepSeek2({
      blocks: 6,
      width: 512,
      heads: 4,
      queryRank: 256,
      feedForward: 1536,
      denseBlocks: 1,
      experts: { count: 16, used: 4, inner: 256 },
      sharedExperts: 1,
      vocabulary: 16_384,
      contextTokens: 65_536,
      routerCorrection: true,
    }),
  ),
  loadable(
    "small-gpt-oss",
    "GPT-OSS",
    gptOss(
      {
        blocks: 6,
        width: 576,
        heads: 8,
        kvHeads: 2,
        headSize: 64,
        feedForward: 576,
        vocabulary: 16_384,
        contextTokens: 131_072,
      },
      { count: 8, used: 2, inner: 576 },
      128,
    ),
  ),
  loadable(
    "small-mamba",
    "Mamba",
    mambaModel({ blocks: 8, width: 768, vocabulary: 50_280, stateSize: 16, timeStepRank: 48 }),
  ),
  loadable(
    "small-lfm2",
    "LFM2",
    lfm2({
      blocks: 8,
      width: 1024,
      heads: 16,
      kvHeads: 4,
      feedForward: 2560,
      vocabulary: 32_768,
      contextTokens: 128_000,
      attentionBlocks: [2, 5, 7],
    }),
  ),
  loadable(
    "small-falcon-h1",
    "Falcon-H1",
    falconH1(
      {
        blocks: 8,
        width: 512,
        heads: 4,
        kvHeads: 2,
        headSize: 64,
        feedForward: 1024,
        vocabulary: 32_768,
        contextTokens: 131_072,
      },
      { inner: 768, stateSize: 128, heads: 12, groups: 1 },
    ),
  ),
  loadable(
    "small-granite-hybrid",
    "Granite 4",
    graniteHybrid(
      {
        blocks: 8,
        width: 512,
        heads: 8,
        kvHeads: 2,
        feedForward: 256,
        vocabulary: 32_768,
        contextTokens: 131_072,
        attentionBlocks: [3, 7],
      },
      { inner: 1024, stateSize: 128, heads: 16, groups: 1 },
      { count: 8, used: 2, inner: 256 },
      512,
    ),
  ),
  loadable(
    "small-qwen3-next",
    "Qwen3-Next",
    qwen3Next(
      {
        blocks: 8,
        width: 512,
        heads: 4,
        kvHeads: 2,
        headSize: 256,
        feedForward: 1024,
        vocabulary: 32_768,
        contextTokens: 65_536,
      },
      { keyHeads: 4, valueHeads: 8, headSize: 64 },
      { count: 16, used: 4, inner: 256 },
    ),
  ),
  loadable(
    "small-openelm",
    "OpenELM",
    openElm({
      blocks: 6,
      width: 640,
      heads: [8, 8, 12, 12, 16, 16],
      kvHeads: [2, 2, 3, 3, 4, 4],
      headSize: 64,
      feedForward: [512, 768, 1024, 1280, 1536, 1792],
      vocabulary: 32_000,
      contextTokens: 2048,
    }),
  ),
];
