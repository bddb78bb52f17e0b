import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { elementTypesOf, type KvElementType, type KvType, kvTypeTable } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";

/** What the first description of this product knew of a model and a card. `hiddenSize`: 4096 for a 7B model, 5120 for 13B. */
export interface SimpleInput {
  readonly fileBytes: number;
  readonly blocks: number;
  readonly hiddenSize: number;
  readonly contextTokens: number;
  readonly kvType: KvType;
  readonly targetVramUsage: number;
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** Bytes are rounded; `layers` and `usageShare` come from the unrounded figures. */
export interface SimplePlan {
  readonly layers: number;
  /** The simple formula counts blocks only: it does not know the output layer. */
  readonly totalLayers: number;
  readonly weightsPerLayerBytes: number;
  readonly kvPerLayerBytes: number;
  readonly perLayerBytes: number;
  /** target * total - used. */
  readonly budgetBytes: number;
  /** layers * perLayer + 500 MB. */
  readonly usageBytes: number;
  readonly usageShare: number;
  /**
   * The write-up's prose subtracts the 500 MB from the budget but not what others use: (target * total - 500 MB) / perLayer.
   * So the prose says "8-9, 15-16, 23-24 layers" for 32k on the example's card, while the example gives 8, 14 and 22. Neither is a bug.
   */
  readonly proseLayers: number;
}

/** "500 MB" of the write-up, which counts in binary megabytes throughout. */
const OVERHEAD_BYTES = 500 * MIB;

const simpleBytes = (type: KvElementType): number => kvTypeTable[type].simpleBytesPerElement;

/**
 * Layers by the first formula of this product, kept unchanged for comparison. It ignores grouped-query attention, the compute
 * buffer, the output layer and the cache's block scales. Comparing it with the exact plan shows the benefit of exactness.
 */
export function simplePlan(input: SimpleInput): SimplePlan {
  const { k, v } = elementTypesOf(input.kvType);
  const weightsPerLayer = input.fileBytes / input.blocks;
  const kvPerLayer = input.contextTokens * input.hiddenSize * (simpleBytes(k) + simpleBytes(v));
  const perLayer = weightsPerLayer + kvPerLayer;
  const targetBytes = input.targetVramUsage * input.totalBytes;
  const layers = Math.min(input.blocks, Math.max(0, Math.floor((targetBytes - input.usedBytes) / perLayer)));
  const usage = layers * perLayer + OVERHEAD_BYTES;
  return {
    layers,
    totalLayers: input.blocks,
    weightsPerLayerBytes: Math.round(weightsPerLayer),
    kvPerLayerBytes: Math.round(kvPerLayer),
    perLayerBytes: Math.round(perLayer),
    budgetBytes: Math.max(0, Math.round(targetBytes - input.usedBytes)),
    usageBytes: Math.round(usage),
    usageShare: input.totalBytes > 0 ? usage / input.totalBytes : 0,
    proseLayers: Math.min(input.blocks, Math.max(0, (targetBytes - OVERHEAD_BYTES) / perLayer)),
  };
}

/** The simple formula for a surface's model on a card. */
export const simplePlanOf = (model: MemorySurface["model"], gpu: GpuMemory, settings: PlanSettings): SimplePlan =>
  simplePlan({
    fileBytes: model.fileBytes,
    blocks: model.blocks,
    hiddenSize: model.embeddingLength,
    contextTokens: settings.N_CTX,
    kvType: settings.KV_CACHE_QUANT,
    targetVramUsage: settings.TARGET_VRAM_USAGE,
    totalBytes: gpu.totalBytes,
    usedBytes: gpu.usedByOthersBytes,
  });
