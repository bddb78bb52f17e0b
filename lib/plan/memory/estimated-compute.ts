import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { type FlashAttention, type KvElementType, ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { ComputeColumn, ComputePoint, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { F32_BYTES } from "@/lib/units/bytes";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { kvBytesOfLayer } from "./memory-need";

interface ComputeRun {
  readonly batchTokens: number;
  readonly sequences: number;
  readonly flashAttention: FlashAttention;
}

type LayersOnGpu = "cpu" | "split" | "full";

const F16_BYTES = 2;

/** llama.cpp's allocator leaves holes: up to 15 % more than the tensors alive at the peak, over 38 model shapes. */
const FRAGMENTATION = 1.2;

/** Beyond this context, the last slope is extended. */
const LONGEST_TOKENS = 131_072;

const largestWeightBytes = (profile: ModelProfile, named = ""): number =>
  profile.blocksProfile.reduce(
    (largest, block) =>
      block.tensors.reduce((most, { name, bytes }) => (name.includes(named) ? Math.max(most, bytes) : most), largest),
    0,
  );

/** Not every header has the width of one expert. It follows from the size of an expert tensor and the file's mean bytes per weight. */
function expertWidth(profile: ModelProfile): number {
  const bytesPerWeight = profile.fileBytes / Math.max(1, profile.parameters);
  const weights = largestWeightBytes(profile, "_exps") / bytesPerWeight;
  return weights / (profile.experts * Math.max(1, profile.embeddingLength));
}

/**
 * Elements per token that are in use at the peak of the graph. This is the largest of: the logits and two hidden states; one block's
 * feed-forward (its input and output twice, and gate, up and their product); one block's attention.
 */
function elementsPerToken(profile: ModelProfile): number {
  const width = profile.embeddingLength;
  const heads = Math.max(0, ...profile.blocksProfile.map(block => block.heads));
  const attention = 3 * heads * Math.max(profile.headSizeK, profile.headSizeV, profile.mlaKvElements);
  const feedForward =
    profile.experts > 0 ? profile.expertsUsed * (3 * expertWidth(profile) + width) : 3 * profile.feedForwardLength;
  return Math.max(profile.vocabularySize + 2 * width, 4 * width + Math.max(attention, feedForward));
}

/** With flash attention: the mask in f16. Without it: the mask in f32 and the scores of every head. */
function attentionBytes(profile: ModelProfile, tokens: number, cells: number, run: ComputeRun): number {
  if (run.flashAttention !== "off") return tokens * cells * F16_BYTES;
  const heads = Math.max(0, ...profile.blocksProfile.map(block => block.heads));
  return (heads + 1) * tokens * cells * F32_BYTES;
}

function pointAt(
  profile: ModelProfile,
  run: ComputeRun,
  placement: LayersOnGpu,
  contextTokens: number,
  layerKvBytes: number,
): ComputePoint {
  const tokens = Math.min(run.batchTokens, contextTokens);
  const mask = attentionBytes(profile, tokens, contextTokens, run);
  const graph = tokens * elementsPerToken(profile) * F32_BYTES + mask;
  if (placement === "cpu") return { contextTokens, gpuBytes: 0, ramBytes: Math.ceil(graph * FRAGMENTATION) };
  // For large batches llama.cpp has the GPU compute the CPU's layers too, and sends weights, KV cache and mask there.
  const visiting = placement === "split" ? largestWeightBytes(profile) + layerKvBytes + mask : 0;
  return {
    contextTokens,
    gpuBytes: Math.ceil((graph + visiting) * FRAGMENTATION),
    ramBytes: Math.ceil((mask + 3 * tokens * profile.embeddingLength * F32_BYTES) * FRAGMENTATION),
  };
}

/**
 * Compute buffers from the header alone. They are used before the first dry run, and for files and cards that are not on this computer.
 * This is a cautious bound, not a prediction. It was compared with llama.cpp's CPU build, whose one buffer matches the GPU's at full
 * offload, over 38 model shapes at 512 to 16,384 tokens: 1.02 to 1.70 times the real size with flash attention, 1.12 to 2.24 without.
 *
 * @param expertsInRam then no number of layers is "full": experts visit the GPU for each batch, as the weights of a block in RAM do
 */
export function estimatedCompute(
  profile: ModelProfile,
  run: ComputeRun,
  layers: readonly LayerMemory[],
  expertsInRam = false,
): MemorySurface["compute"] {
  const contexts = new Set([CONTEXT_PAD_TOKENS, padUp(run.batchTokens, CONTEXT_PAD_TOKENS), LONGEST_TOKENS]);
  const ascending = [...contexts].sort((a, b) => a - b);
  const widestKvBytes = (contextTokens: number, kvType: KvElementType) =>
    layers.reduce((widest, layer) => Math.max(widest, kvBytesOfLayer(layer, { contextTokens, kvType }, run)), 0);
  const column = (gpuLayers: number, placement: LayersOnGpu, kvType: KvElementType): ComputeColumn => ({
    gpuLayers,
    points: ascending.map(contextTokens =>
      pointAt(profile, run, placement, contextTokens, widestKvBytes(contextTokens, kvType)),
    ),
  });
  const columns = (kvType: KvElementType): ComputeColumn[] => [
    column(0, "cpu", kvType),
    column(1, "split", kvType),
    ...(profile.blocks > 1 ? [column(profile.blocks, "split", kvType)] : []),
    column(profile.blocks + 1, expertsInRam ? "split" : "full", kvType),
  ];
  return ofEachElementType(columns);
}
