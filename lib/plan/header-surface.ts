import type { BlockProfile, ModelProfile } from "@/lib/gguf/model-profile";
import type { FlashAttention } from "@/lib/schema/kv-type";
import type { LayerKv, LayerMemory, MemorySurface } from "@/lib/schema/memory-surface";
import { estimatedCompute } from "./estimated-compute";

export interface SurfaceRun {
  readonly batchTokens: number;
  readonly sequences: number;
  readonly flashAttention: FlashAttention;
}

const NO_KV: LayerKv = { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 };
/** Recurrent state is kept in 32 bits whatever the KV type. @see llama.cpp src/llama-model.cpp recurrent_type_r, recurrent_type_s */
const STATE_BYTES_PER_ELEMENT = 4;

const sumBytes = (tensors: readonly { readonly bytes: number }[]): number =>
  tensors.reduce((total, tensor) => total + tensor.bytes, 0);

function kvOfBlock(profile: ModelProfile, block: BlockProfile, sequences: number): LayerKv {
  const state = profile.recurrent;
  if (block.kind === "recurrent") {
    const elements = state === null ? 0 : state.stateElements + state.convElements;
    return { ...NO_KV, fixedBytes: elements * STATE_BYTES_PER_ELEMENT * sequences };
  }
  const mla = profile.mlaKvElements > 0;
  return {
    growth: block.kind === "sliding-window" ? "window" : "full",
    windowTokens: block.kind === "sliding-window" ? profile.slidingWindowTokens : 0,
    kElementsPerCell: mla ? profile.mlaKvElements : profile.headSizeK * block.kvHeads,
    vElementsPerCell: mla ? 0 : profile.headSizeV * block.kvHeads,
    fixedBytes: 0,
  };
}

/** Tied models have no output tensor of their own: on the GPU llama.cpp copies the token embedding there. */
const outputWeightsOnGpu = (profile: ModelProfile): number =>
  sumBytes(profile.output) + (profile.tiedEmbeddings ? tokenEmbeddingBytes(profile) : 0);

const tokenEmbeddingBytes = (profile: ModelProfile): number =>
  profile.embedding.find(tensor => tensor.name === "token_embd.weight")?.bytes ?? 0;

function layersOf(profile: ModelProfile, sequences: number): LayerMemory[] {
  const blocks = profile.blocksProfile.map<LayerMemory>(block => ({
    index: block.index,
    role: "block",
    kind: block.kind,
    experts: profile.experts,
    weightsBytes: block.weightsBytes,
    kv: kvOfBlock(profile, block, sequences),
  }));
  const output: LayerMemory = {
    index: profile.blocks,
    role: "output",
    kind: "output",
    experts: 0,
    weightsBytes: outputWeightsOnGpu(profile),
    kv: NO_KV,
  };
  return [...blocks, output];
}

/** Sums for k = 0..L+1 of what has gone to the GPU: the output layer first, then the blocks from the last down. */
function weightTotals(profile: ModelProfile, layers: readonly LayerMemory[]): { gpu: number[]; ram: number[] } {
  const embedding = sumBytes(profile.embedding);
  const outputInRam = sumBytes(profile.output);
  const gpu = [0];
  const ram = [embedding + outputInRam + sumBytes(profile.blocksProfile.map(block => ({ bytes: block.weightsBytes })))];
  for (const layer of layers.toReversed()) {
    gpu.push((gpu.at(-1) ?? 0) + layer.weightsBytes);
    ram.push((ram.at(-1) ?? 0) - (layer.role === "output" ? outputInRam : layer.weightsBytes));
  }
  return { gpu, ram };
}

/**
 * A surface from the header alone: weights and KV cache in closed form, exact for the families that lib/gguf knows;
 * compute buffers from a cautious bound (estimated-compute.ts) until dry runs replace them. Says so: `computeSource` is "estimated".
 */
export function headerSurface(profile: ModelProfile, run: SurfaceRun): MemorySurface {
  const layers = layersOf(profile, run.sequences);
  const weights = weightTotals(profile, layers);
  return {
    version: 1,
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
    kvSource: "closed-form",
    embeddingWeightsBytes: sumBytes(profile.embedding),
    layers,
    gpuWeightsBytes: weights.gpu,
    ramWeightsBytes: weights.ram,
    compute: estimatedCompute(profile, run),
  };
}
