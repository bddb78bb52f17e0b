import type { FlashAttention, KvType } from "@/lib/schema/plans/kv-type";
import type { LayerKind } from "@/lib/schema/plans/memory-surface";
import type { MemoryParts } from "@/lib/schema/plans/receipt";
import type { PlannableCard } from "./plannable-cards";

export interface PlannedLayer {
  readonly index: number;
  readonly role: "embedding" | "block" | "output";
  readonly kind: LayerKind;
  readonly experts: number;
  readonly device: "gpu" | "cpu";
  readonly weightsBytes: number;
  /** Of a layer on the GPU: the part of its weights that is in RAM. */
  readonly expertBytesInRam: number;
  readonly kvBytes: number;
  /** Index in `LayerPlan.cards` of the card that has it; only where layers are shared over several. */
  readonly card?: number;
}

/** What a plan puts on one of several cards, in the engine's order. */
export interface PlannedCard extends PlannableCard {
  /** The output counts as one. */
  readonly layers: number;
  readonly predicted: MemoryParts;
}

export interface PlanWarning {
  readonly code:
    | "over-budget"
    | "card-overflow"
    | "card-unclear"
    | "clamped"
    | "context-above-training"
    | "no-gpu"
    | "ram-short"
    | "kv-type-refused"
    | "kv-type-slow"
    | "estimated";
  readonly message: string;
}

/** Where every layer goes and how much memory it takes. `full`: all blocks with all their experts, and the output, on the GPU. */
export interface LayerPlan {
  readonly kind: "full" | "partial" | "cpu-only";
  readonly gpuLayers: number;
  /** The experts of the blocks before this one are in RAM, although the rest of them may be on the GPU; 0: none are apart. */
  readonly expertBlocksInRam: number;
  /** Matrices of the last of these blocks that are on the GPU all the same. */
  readonly borderExpertsOnGpu: string | undefined;
  /** Layers on each of the engine's cards; undefined if llama.cpp splits by itself, or there is one card. */
  readonly tensorSplit: number[] | undefined;
  readonly kvInRam: true | undefined;
  /** The cards that layers may be on; empty if there is one, or they are planned as a pool. */
  readonly cards: readonly PlannedCard[];
  /** Blocks + 1: the output layer counts. */
  readonly totalLayers: number;
  readonly contextTokens: number;
  readonly kvType: KvType;
  readonly batchTokens: number;
  readonly sequences: number;
  readonly flashAttention: FlashAttention;
  readonly manual: boolean;
  readonly budgetBytes: number;
  /** On the GPU. All 0 for cpu-only: then the model is loaded without the GPU backend, which would take memory even for 0 layers. */
  readonly predicted: MemoryParts;
  /** In system memory; overheadBytes is 0. */
  readonly ram: MemoryParts;
  /** System memory that is taken beside that when an answer is speculated. */
  readonly guessBytes: number;
  readonly computeSource: "dry-run" | "estimated";
  readonly perLayer: readonly PlannedLayer[];
  /**
   * What one more layer, or one block's experts, would need beyond the budget; 0 when it would fit. Null when everything is on the
   * GPU or there is none.
   */
  readonly nextLayerShortBytes: number | null;
  readonly warnings: readonly PlanWarning[];
}
