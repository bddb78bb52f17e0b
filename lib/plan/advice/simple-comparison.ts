import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import type { LayerPlan } from "../cards/layer-plan";
import { kvBytesOfLayer } from "../memory/memory-need";
import { type SimplePlan, simplePlanOf } from "../memory/simple-formula";

export interface SimpleDifference {
  readonly part: "weights" | "kv" | "compute" | "overhead";
  /** Weights and KV cache are averages per block. Compute and overhead are for the whole plan. */
  readonly simpleBytes: number;
  readonly exactBytes: number;
  readonly why: string;
}

export interface SimpleComparison {
  readonly simple: SimplePlan;
  readonly differences: readonly SimpleDifference[];
  /** One sentence on why the write-up's prose and its example disagree. */
  readonly proseNote: string;
}

/** Compares the simple formula with the exact plan, part by part, and says why they differ. */
export function compareWithSimple(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  plan: LayerPlan,
): SimpleComparison {
  const simple = simplePlanOf(surface.model, gpu, settings);
  const blocks = surface.layers.filter(layer => layer.role === "block");
  const mean = (total: number) => Math.round(total / blocks.length);
  const weightsBytes = mean(blocks.reduce((total, block) => total + block.weightsBytes, 0));
  const at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const kvBytes = mean(blocks.reduce((total, block) => total + kvBytesOfLayer(block, at, surface), 0));
  return {
    simple,
    differences: [
      {
        part: "weights",
        simpleBytes: simple.weightsPerLayerBytes,
        exactBytes: weightsBytes,
        why: "File size over blocks spreads the token embedding and the output layer over all blocks; they are placed apart.",
      },
      { part: "kv", simpleBytes: simple.kvPerLayerBytes, exactBytes: kvBytes, why: whyKv(surface, settings) },
      {
        part: "compute",
        simpleBytes: 0,
        exactBytes: plan.predicted.computeBytes,
        why: "The compute buffer is not in the formula; llama.cpp's dry run gives it.",
      },
      {
        part: "overhead",
        simpleBytes: simple.usageBytes - simple.layers * simple.perLayerBytes,
        exactBytes: plan.predicted.overheadBytes,
        why: "500 MiB for every card, and only added to the usage shown; here it is learned from loads and taken from the budget.",
      },
    ],
    proseNote: `Taking the 500 MiB from the budget, and not what others use, as the write-up's prose does, gives ${simple.proseLayers.toFixed(1)} layers: another way to count, no error.`,
  };
}

function whyKv(surface: MemorySurface, settings: PlanSettings): string {
  const cached = surface.layers.filter(layer => layer.kv.growth !== "none");
  const elements = Math.max(0, ...cached.map(layer => layer.kv.kElementsPerCell + layer.kv.vElementsPerCell));
  const reasons: string[] = [];
  if (elements > 0 && elements < 2 * surface.model.embeddingLength) {
    const times = Number(((2 * surface.model.embeddingLength) / elements).toFixed(1));
    reasons.push(`it counts every attention head, ${times} times the keys and values that are kept`);
  }
  if (cached.some(layer => layer.kv.growth === "window")) reasons.push("sliding-window layers keep only their window");
  if (cached.length + 1 < surface.layers.length) reasons.push("some layers keep no cache at all");
  if (settings.KV_CACHE_QUANT !== "f16") reasons.push("quantized caches keep a scale for each 32 elements");
  const words = reasons.join("; ") || "the same to the byte, but for padding";
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
