import type { FlashAttention, KvType } from "@/lib/schema/kv-type";
import type { LayerKind } from "@/lib/schema/memory-surface";
import type { MemoryParts } from "@/lib/schema/receipt";

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
  readonly computeSource: "dry-run" | "estimated";
  readonly perLayer: readonly PlannedLayer[];
  /**
   * What one more layer, or one block's experts, would need beyond the budget; 0 when it would fit. Null when everything is on the
   * GPU or there is none.
   */
  readonly nextLayerShortBytes: number | null;
  readonly warnings: readonly PlanWarning[];
}
