import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { KvType } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import { budgetBytes } from "./budget";
import { fitNeeds, mostGpuLayers } from "./fit-needs";
import { largestContext } from "./largest-context";
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
/** All layers with less than this is no context to chat in: a narrower cache is taken instead. */
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

/** The widest cache that gives the most layers at the context asked for. */
function keepContext(surface: MemorySurface, settings: PlanSettings, budget: number): Choice {
  const contextTokens = settings.N_CTX;
  const options = usableKvTypes(surface, settings.FLASH_ATTENTION).map(kvType => ({
    kvType,
    gpuLayers: mostGpuLayers(fitNeeds(surface, contextTokens, kvType), budget),
  }));
  const best = options.reduce((most, option) => (option.gpuLayers > most.gpuLayers ? option : most));
  return { contextTokens, kvType: best.kvType };
}

/** All layers with the widest cache that leaves a context to chat in, as large as asked for where it fits; null when they never fit. */
function allLayers(surface: MemorySurface, settings: PlanSettings, budget: number): Choice | null {
  let found: Choice | null = null;
  for (const kvType of usableKvTypes(surface, settings.FLASH_ATTENTION)) {
    const largest = largestContext(surface, surface.model.blocks + 1, kvType, budget);
    if (largest === null) continue;
    found = { kvType, contextTokens: Math.min(largest, settings.N_CTX) };
    if (found.contextTokens >= Math.min(LEAST_CONTEXT_TOKENS, settings.N_CTX)) return found;
  }
  return found;
}

function smallest(surface: MemorySurface, settings: PlanSettings): Choice {
  return {
    contextTokens: Math.min(settings.N_CTX, SMALL_CONTEXT_TOKENS),
    kvType: usableKvTypes(surface, settings.FLASH_ATTENTION).at(-1) ?? "f16",
  };
}

/** Three ways to go, computed for this model and card: keep the context, all layers, as small as it gets. None without a GPU. */
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
  return [
    preset("keep-context", "Keep my context", keepContext(surface, settings, budget)),
    ...(full === null ? [] : [preset("all-layers", "All layers on the GPU", full)]),
    preset("smallest", "As small as it gets", smallest(surface, settings)),
  ];
}
