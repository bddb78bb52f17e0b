import type { ModelProfile } from "@/lib/gguf/model-profile";
import type { FlashAttention } from "@/lib/schema/kv-type";
import type { ComputeColumn, ComputePoint, MemorySurface } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";

interface ComputeRun {
  readonly batchTokens: number;
  readonly sequences: number;
  readonly flashAttention: FlashAttention;
}

const F32_BYTES = 4;
const F16_BYTES = 2;

/** The longest context the points reach; beyond it the last slope goes on. */
const LONGEST_TOKENS = 131_072;

const largestTensorBytes = (profile: ModelProfile): number =>
  profile.blocksProfile.reduce(
    (largest, block) => block.tensors.reduce((most, tensor) => Math.max(most, tensor.bytes), largest),
    0,
  );

/** The logits of one batch, and two hidden states: what llama.cpp's graph holds at its end. SmolLM2 135M: 103,022,592 bytes, to the byte. */
const outputGraphBytes = (profile: ModelProfile, tokens: number): number =>
  tokens * (profile.vocabularySize + 2 * profile.embeddingLength) * F32_BYTES;

/** Activations of one block that may be alive at once: the residual, the queries, keys and values, and both halves of the feed-forward. */
function blockGraphBytes(profile: ModelProfile, tokens: number): number {
  const heads = Math.max(1, ...profile.blocksProfile.map(block => block.heads));
  const attention = 3 * heads * Math.max(profile.headSizeK, profile.headSizeV);
  const feedForward = 3 * profile.feedForwardLength * Math.max(1, profile.expertsUsed);
  return tokens * (4 * profile.embeddingLength + attention + feedForward) * F32_BYTES;
}

/** The mask, and without flash attention the scores of every head twice (before and after the softmax). */
function attentionBytes(profile: ModelProfile, tokens: number, cells: number, run: ComputeRun): number {
  const maskBytes = tokens * cells * F16_BYTES;
  if (run.flashAttention !== "off") return maskBytes;
  const heads = Math.max(1, ...profile.blocksProfile.map(block => block.heads));
  return maskBytes + 2 * heads * tokens * cells * F32_BYTES;
}

function pointsAt(profile: ModelProfile, run: ComputeRun, placement: "cpu" | "split" | "full"): ComputePoint[] {
  const contexts = [CONTEXT_PAD_TOKENS, padUp(run.batchTokens, CONTEXT_PAD_TOKENS), LONGEST_TOKENS];
  return [...new Set(contexts)]
    .sort((a, b) => a - b)
    .map(contextTokens => {
      const cells = contextTokens * run.sequences;
      const tokens = Math.min(run.batchTokens, cells);
      const activations = Math.max(outputGraphBytes(profile, tokens), blockGraphBytes(profile, tokens));
      const graph = activations + attentionBytes(profile, tokens, cells, run);
      const inputs = tokens * (cells * F32_BYTES + profile.embeddingLength * F32_BYTES);
      if (placement === "cpu") return { contextTokens, gpuBytes: 0, ramBytes: graph };
      // For large batches llama.cpp sends the weights of CPU layers to the GPU, one tensor at a time.
      const visiting = placement === "split" ? largestTensorBytes(profile) : 0;
      return { contextTokens, gpuBytes: graph + visiting, ramBytes: inputs };
    });
}

/**
 * Compute buffers from the header alone: a cautious bound for the time before the first dry run and for models whose file is not here.
 * It is the larger of the output's graph and one block's, plus the attention mask; real buffers share memory and are smaller.
 */
export function estimatedCompute(profile: ModelProfile, run: ComputeRun): MemorySurface["compute"] {
  const columns: ComputeColumn[] = [
    { gpuLayers: 0, points: pointsAt(profile, run, "cpu") },
    { gpuLayers: 1, points: pointsAt(profile, run, "split") },
    { gpuLayers: profile.blocks, points: pointsAt(profile, run, "split") },
    { gpuLayers: profile.blocks + 1, points: pointsAt(profile, run, "full") },
  ];
  return { f16: columns, q8_0: columns, q4_0: columns };
}
