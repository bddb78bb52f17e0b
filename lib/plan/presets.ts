import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { KvType } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import { budgetBytes } from "./budget";
import { fitNeeds, mostGpuLayers } from "./fit-needs";
import { largestContext, longestSearched } from "./largest-context";
import type { LayerPlan } from "./layer-plan";
import { memoryNeed } from "./memory-need";
import { usableKvTypes } from "./usable-kv-types";

export type PlanSummary = Pick<LayerPlan, "kind" | "gpuLayers" | "totalLayers" | "contextTokens" | "kvType"> & {
  /** On the GPU, overhead included; 0 for cpu-only. */
  readonly gpuBytes: number;
};

export interface PlanPreset {
  readonly id: "keep-context" | "all-layers" | "smallest";
  readonly label: string;
  readonly patch: Partial<PlanSettings>;
  readonly plan: PlanSummary;
}

interface Choice {
  readonly contextTokens: number;
  readonly kvType: KvType;
}

const SMALL_CONTEXT_TOKENS = 4096;
/** A smaller context is too small to chat in, so none is offered unless the user asked for it. A narrower cache is tried instead. */
const LEAST_CONTEXT_TOKENS = 2048;

function summary(surface: MemorySurface, gpu: GpuMemory, budget: number, choice: Choice): PlanSummary {
  const totalLayers = surface.model.blocks + 1;
  const gpuLayers = mostGpuLayers(fitNeeds(surface, choice.contextTokens, choice.kvType), budget);
  const need = memoryNeed(surface, { gpuLayers, ...choice }).gpu.totalBytes;
  return {
    kind: gpuLayers === 0 ? "cpu-only" : gpuLayers === totalLayers ? "full" : "partial",
    gpuLayers,
    totalLayers,
    ...choice,
    gpuBytes: gpuLayers === 0 ? 0 : need + gpu.overhead.bytes,
  };
}

/** The present cache, unless another one gives more layers at the requested context: then the widest cache that gives the most. */
function keepContext(surface: MemorySurface, settings: PlanSettings, budget: number): Choice {
  const contextTokens = settings.N_CTX;
  const present = (kvType: KvType) => kvType === settings.KV_CACHE_QUANT;
  const usable = usableKvTypes(surface, settings.FLASH_ATTENTION);
  const options = [...usable.filter(present), ...usable.filter(kvType => !present(kvType))].map(kvType => ({
    kvType,
    gpuLayers: mostGpuLayers(fitNeeds(surface, contextTokens, kvType), budget),
  }));
  const best = options.reduce((most, option) => (option.gpuLayers > most.gpuLayers ? option : most));
  return { contextTokens, kvType: best.kvType };
}

/** All layers, with the widest cache that leaves a context large enough to chat in, up to the requested one; null when no cache does. */
function allLayers(surface: MemorySurface, settings: PlanSettings, budget: number): Choice | null {
  const longest = longestSearched(surface, settings.N_CTX);
  for (const kvType of usableKvTypes(surface, settings.FLASH_ATTENTION)) {
    const largest = largestContext(surface, surface.model.blocks + 1, kvType, budget, longest) ?? 0;
    const contextTokens = Math.min(largest, settings.N_CTX);
    if (contextTokens >= Math.min(LEAST_CONTEXT_TOKENS, settings.N_CTX)) return { kvType, contextTokens };
  }
  return null;
}

function smallest(surface: MemorySurface, settings: PlanSettings): Choice {
  return {
    contextTokens: Math.min(settings.N_CTX, SMALL_CONTEXT_TOKENS),
    kvType: usableKvTypes(surface, settings.FLASH_ATTENTION).at(-1) ?? "f16",
  };
}

/** Three presets for this model and card: keep the context, all layers on the GPU, as small as possible. None without a GPU. */
export function planPresets(surface: MemorySurface, gpu: GpuMemory | null, settings: PlanSettings): PlanPreset[] {
  if (gpu === null) return [];
  const budget = budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  const preset = (id: PlanPreset["id"], label: string, choice: Choice): PlanPreset => ({
    id,
    label,
    patch: { LAYERS: "auto", N_CTX: choice.contextTokens, KV_CACHE_QUANT: choice.kvType },
    plan: summary(surface, gpu, budget, choice),
  });
  const full = allLayers(surface, settings, budget);
  const kept = keepContext(surface, settings, budget);
  const withCache = kept.kvType === settings.KV_CACHE_QUANT ? "" : `, with a ${kept.kvType} KV cache`;
  return [
    preset("keep-context", `Keep my context${withCache}`, kept),
    ...(full === null ? [] : [preset("all-layers", "All layers on the GPU", full)]),
    preset("smallest", "As small as it gets", smallest(surface, settings)),
  ];
}
