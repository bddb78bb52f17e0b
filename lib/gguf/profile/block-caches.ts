import type { LayerKv } from "@/lib/schema/plans/memory-surface";
import type { ArchitectureTraits } from "./architecture-traits";
import { attentionShape } from "./attention-shape";
import type { MetadataFields } from "./metadata-fields";
import type { BlockProfile, ModelProfile } from "./model-profile";
import { blockMemories, recurrentState } from "./recurrent-state";
import { slidingWindow } from "./sliding-window";

/** ggml keeps recurrent state as f32. */
const STATE_ELEMENT_BYTES = 4;

export interface BlockCaches
  extends Pick<ModelProfile, "headSizeK" | "headSizeV" | "slidingWindowTokens" | "mlaKvElements" | "recurrent"> {
  readonly blocks: readonly Pick<BlockProfile, "kind" | "heads" | "kvHeads" | "kv">[];
}

const noCache: LayerKv = { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 };

/**
 * What each block keeps of the tokens it has seen.
 * @param trunkBlocks blocks that run for every token; those after them only predict further tokens and cache nothing
 */
export function blockCaches(
  fields: MetadataFields,
  architecture: string,
  traits: ArchitectureTraits,
  size: { readonly blocks: number; readonly trunkBlocks: number; readonly embeddingLength: number },
): BlockCaches {
  const { blocks, trunkBlocks, embeddingLength } = size;
  const attention = attentionShape(fields, blocks, embeddingLength);
  const window = slidingWindow(fields, traits.window, blocks, trunkBlocks);
  const memories = blockMemories(fields, traits.recurrent, attention.kvHeadsPerBlock);
  const state = recurrentState(fields, architecture, embeddingLength, attention);
  const stateBytes = (state.convElements + state.stateElements) * STATE_ELEMENT_BYTES;
  const sharedBlocks = fields.count("{arch}.attention.shared_kv_layers", blocks) ?? 0;
  const cachedBlocks = Math.min(traits.cachedBlocks ?? blocks - sharedBlocks, trunkBlocks);

  const profiles = attention.kvHeadsPerBlock.map((kvHeads, index) => {
    const memory = memories[index] ?? { recurrent: false, attention: true };
    const windowed = memory.attention && (window.windowed[index] ?? false);
    const attentionKv: LayerKv = {
      growth: windowed ? "window" : "full",
      windowTokens: windowed ? window.tokens : 0,
      kElementsPerCell: kvHeads * (windowed ? attention.windowHeadSizeK : attention.headSizeK),
      vElementsPerCell: attention.latent ? 0 : kvHeads * (windowed ? attention.windowHeadSizeV : attention.headSizeV),
      fixedBytes: 0,
    };
    const caches = !traits.uncached && index < trunkBlocks;
    return {
      kind: blockKind(memory, windowed),
      heads: attention.headsPerBlock[index] ?? 0,
      kvHeads,
      kv: {
        ...(caches && memory.attention && index < cachedBlocks ? attentionKv : noCache),
        fixedBytes: caches && memory.recurrent ? stateBytes : 0,
      },
    };
  });
  return {
    headSizeK: attention.headSizeK,
    headSizeV: attention.headSizeV,
    slidingWindowTokens: window.tokens,
    mlaKvElements: attention.latent ? attention.headSizeK * Math.max(0, ...attention.kvHeadsPerBlock) : 0,
    recurrent: memories.some(memory => memory.recurrent) ? state : null,
    blocks: profiles,
  };
}

/** A block with both attention and recurrence (Falcon-H1) counts as attention, because its attention cache grows. */
function blockKind(memory: { recurrent: boolean; attention: boolean }, windowed: boolean): BlockProfile["kind"] {
  if (windowed) return "sliding-window";
  if (memory.attention) return "attention";
  return memory.recurrent ? "recurrent" : "feed-forward";
}
