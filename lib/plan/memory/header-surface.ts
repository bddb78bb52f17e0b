import type { BlockProfile, ModelProfile } from "@/lib/gguf/profile/model-profile";
import { expertMatrixOf, matrixOf } from "@/lib/gguf/profile/place-tensors";
import type { FlashAttention } from "@/lib/schema/plans/kv-type";
import type { LayerKv, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { estimatedCompute } from "./estimated-compute";
import { refusedByHeadSize, refusedByLatentAttention } from "./usable-kv-types";

export interface SurfaceRun {
  readonly batchTokens: number;
  readonly sequences: number;
  readonly flashAttention: FlashAttention;
}

const NO_KV: LayerKv = { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 };

const sumBytes = (tensors: readonly { readonly bytes: number }[]): number =>
  tensors.reduce((total, tensor) => total + tensor.bytes, 0);

/**
 * A windowed cache holds the window and one batch. node-llama-cpp makes the batch of a windowed model one token larger.
 * That token is counted with the window (profile.windowReserveTokens).
 *
 * Without flash attention V is stored transposed, and llama.cpp makes every block's V as wide as the widest
 * (blocks differ in OpenELM and Gemma 4). @see llama.cpp src/llama-kv-cache.cpp n_embd_v_gqa_max
 */
function kvOfBlock(profile: ModelProfile, block: BlockProfile, widestV: number, run: SurfaceRun): LayerKv {
  const { kv } = block;
  const transposed = run.flashAttention === "off" && kv.vElementsPerCell > 0;
  return {
    ...kv,
    windowTokens: kv.windowTokens + (kv.growth === "window" ? profile.windowReserveTokens : 0),
    vElementsPerCell: transposed ? widestV : kv.vElementsPerCell,
    fixedBytes: kv.fixedBytes * run.sequences,
  };
}

type MatrixBytes = NonNullable<LayerMemory["expertMatrixBytes"]>;

function matrixBytesOf(block: BlockProfile, matrixIn: (name: string) => keyof MatrixBytes | undefined): MatrixBytes {
  const bytesOf: MatrixBytes = {};
  if (block.experts === 0) return bytesOf;
  for (const { name, bytes } of block.tensors) {
    const matrix = matrixIn(name);
    if (matrix !== undefined) bytesOf[matrix] = (bytesOf[matrix] ?? 0) + bytes;
  }
  return bytesOf;
}

const expertMatrixBytesOf = (block: BlockProfile): MatrixBytes => matrixBytesOf(block, expertMatrixOf);
const sharedMatrixBytesOf = (block: BlockProfile): MatrixBytes =>
  matrixBytesOf(block, name => (expertMatrixOf(name) === undefined ? matrixOf(name) : undefined));

const expertBytesOf = (block: BlockProfile): number =>
  Object.values(expertMatrixBytesOf(block)).reduce((total, bytes) => total + bytes, 0);

/** Bytes that one token reads of a block: everything but the experts that it does not use. */
function activeBytesOf({ experts, expertsUsed }: ModelProfile, block: BlockProfile, expertBytes: number): number {
  if (block.experts === 0 || experts === 0) return block.weightsBytes;
  const unused = expertBytes * (1 - Math.min(1, expertsUsed / experts));
  return Math.max(0, Math.round(block.weightsBytes - unused));
}

function layersOf(profile: ModelProfile, run: SurfaceRun): LayerMemory[] {
  const widestV = profile.blocksProfile.reduce((widest, block) => Math.max(widest, block.kv.vElementsPerCell), 0);
  const blocks = profile.blocksProfile.map<LayerMemory>(block => ({
    index: block.index,
    role: "block",
    kind: block.kind,
    experts: block.experts,
    weightsBytes: block.weightsBytes,
    activeBytes: activeBytesOf(profile, block, expertBytesOf(block)),
    expertBytes: expertBytesOf(block),
    ...(expertBytesOf(block) > 0 && {
      expertMatrixBytes: expertMatrixBytesOf(block),
      sharedMatrixBytes: sharedMatrixBytesOf(block),
    }),
    attentionHeads: block.kv.growth === "none" ? 0 : block.heads,
    attentionWidth: block.kv.growth === "none" ? 0 : block.heads * Math.max(profile.headSizeK, profile.headSizeV),
    kv: kvOfBlock(profile, block, widestV, run),
  }));
  const output: LayerMemory = {
    index: profile.blocks,
    role: "output",
    kind: "output",
    experts: 0,
    weightsBytes: sumBytes(profile.output),
    activeBytes: sumBytes(profile.output),
    expertBytes: 0,
    attentionWidth: 0,
    attentionHeads: 0,
    kv: NO_KV,
  };
  return [...blocks, output];
}

/** In RAM, a tied output layer is the token embedding itself. On the GPU it is a copy. */
function outputBytesInRam(profile: ModelProfile): number {
  const inEmbedding = new Set(profile.embedding.map(tensor => tensor.name));
  return sumBytes(profile.output.filter(tensor => !inEmbedding.has(tensor.name)));
}

/**
 * Sums for k = 0..L+1: the output layer goes to the GPU first, then the blocks from the last to the first. Tensors that all blocks
 * share (rope factors) have one copy on each device that holds a block.
 */
function weightTotals(profile: ModelProfile, layers: readonly LayerMemory[]): { gpu: number[]; ram: number[] } {
  const shared = sumBytes(profile.shared);
  const blocks = profile.blocks;
  const gpu = [0];
  const ram = [sumBytes(profile.embedding) + shared + outputBytesInRam(profile) + sumBlocks(profile)];
  for (let gpuLayers = 1; gpuLayers <= blocks + 1; gpuLayers++) {
    const joining = layers[blocks + 1 - gpuLayers];
    if (joining === undefined) break;
    const leaving = gpuLayers === 1 ? outputBytesInRam(profile) : joining.weightsBytes;
    gpu.push((gpu.at(-1) ?? 0) + joining.weightsBytes + (gpuLayers === 2 ? shared : 0));
    ram.push((ram.at(-1) ?? 0) - leaving - (gpuLayers === blocks + 1 ? shared : 0));
  }
  return { gpu, ram };
}

const sumBlocks = (profile: ModelProfile): number =>
  profile.blocksProfile.reduce((total, block) => total + block.weightsBytes, 0);

/** A library or the curated list is planned again with each change of the card or the context, and its headers stay the same. */
const lastSurfaces = new WeakMap<ModelProfile, MemorySurface>();

/**
 * A surface from the header alone. Weights and KV cache are in closed form, exact for the families that lib/gguf knows. Compute
 * buffers are a cautious bound (estimated-compute.ts) until dry runs replace them; `computeSource` is "estimated" until then.
 */
export function headerSurface(profile: ModelProfile, run: SurfaceRun): MemorySurface {
  const last = lastSurfaces.get(profile);
  const isSame =
    last?.batchTokens === run.batchTokens &&
    last.sequences === run.sequences &&
    last.flashAttention === run.flashAttention;
  if (isSame) return last;
  const surface = computedSurface(profile, run);
  lastSurfaces.set(profile, surface);
  return surface;
}

function computedSurface(profile: ModelProfile, run: SurfaceRun): MemorySurface {
  const layers = layersOf(profile, run);
  const weights = weightTotals(profile, layers);
  return {
    version: 3,
    model: {
      name: profile.name,
      architecture: profile.architecture,
      quantization: profile.quantization,
      blocks: profile.blocks,
      fileBytes: profile.fileBytes,
      trainContextTokens: profile.trainContextTokens,
      embeddingLength: profile.embeddingLength,
      vocabularySize: profile.vocabularySize,
      tiedEmbeddings: profile.tiedEmbeddings,
    },
    batchTokens: run.batchTokens,
    sequences: run.sequences,
    flashAttention: run.flashAttention,
    computeSource: "estimated",
    weightsSource: "closed-form",
    kvSource: profile.kvClosedForm ? "closed-form" : "dry-run",
    embeddingWeightsBytes: sumBytes(profile.embedding),
    layers,
    gpuWeightsBytes: weights.gpu,
    ramWeightsBytes: weights.ram,
    compute: estimatedCompute(profile, run, layers),
    ...(layers.some(({ expertBytes }) => expertBytes > 0) && {
      computeExpertsInRam: estimatedCompute(profile, run, layers, true),
    }),
    refusedKvTypes: [
      ...refusedByHeadSize({ k: profile.headSizeK, v: profile.headSizeV }),
      ...(profile.mlaKvElements > 0 ? refusedByLatentAttention() : []),
    ],
  };
}
