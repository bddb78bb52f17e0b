import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { KvType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed, SpeedRange } from "@/lib/schema/plans/plan-speed";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import type { LayerPlan } from "../cards/layer-plan";
import { usableKvTypes } from "../memory/usable-kv-types";
import { choosePlacement, moreOnGpu } from "../placement/choose-placement";
import { largestContext, leastFullPlacement, longestSearched } from "../placement/largest-context";
import { planLayers } from "../placement/plan-layers";
import { predictDecode } from "../speed/predict-speed";

export type PlanSummary = Pick<
  LayerPlan,
  "kind" | "gpuLayers" | "expertBlocksInRam" | "borderExpertsOnGpu" | "totalLayers" | "contextTokens" | "kvType"
> & {
  /** On the GPU, overhead included; 0 for cpu-only. */
  readonly gpuBytes: number;
  /** Tokens a second with an empty context; null if this computer's speed is not known. */
  readonly decode: SpeedRange | null;
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

const settingsOf = ({ contextTokens, kvType }: Choice): Partial<PlanSettings> => ({
  LAYERS: "auto",
  N_CTX: contextTokens,
  KV_CACHE_QUANT: kvType,
});

function summary(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  choice: Choice,
  machine: MachineSpeed | undefined,
): PlanSummary {
  const plan = planLayers(surface, gpu, { ...settings, ...settingsOf(choice) });
  const { kind, gpuLayers, expertBlocksInRam, borderExpertsOnGpu, totalLayers, contextTokens, kvType, predicted } =
    plan;
  const decode = machine === undefined ? null : predictDecode(surface, gpu, plan, machine);
  const gpuBytes = predicted.totalBytes;
  return {
    kind,
    gpuLayers,
    expertBlocksInRam,
    borderExpertsOnGpu,
    totalLayers,
    contextTokens,
    kvType,
    gpuBytes,
    decode,
  };
}

/** The present cache, unless another one gives more layers at the requested context: then the widest cache that gives the most. */
function keepContext(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): Choice {
  const contextTokens = settings.N_CTX;
  const present = (kvType: KvType) => kvType === settings.KV_CACHE_QUANT;
  const usable = usableKvTypes(surface, settings.FLASH_ATTENTION);
  const options = [...usable.filter(present), ...usable.filter(kvType => !present(kvType))].map(kvType => ({
    kvType,
    placement: choosePlacement(surface, gpu, { ...settings, ...settingsOf({ contextTokens, kvType }) }),
  }));
  const best = options.reduce((most, option) => (moreOnGpu(option.placement, most.placement) > 0 ? option : most));
  return { contextTokens, kvType: best.kvType };
}

/** All layers, with the widest cache that leaves a context large enough to chat in, up to the requested one; null when no cache does. */
function allLayers(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): Choice | null {
  const longest = longestSearched(surface, settings.N_CTX);
  const full = leastFullPlacement(surface, gpu, settings);
  for (const kvType of usableKvTypes(surface, settings.FLASH_ATTENTION)) {
    const largest = largestContext(surface, gpu, { ...settings, KV_CACHE_QUANT: kvType }, full, longest) ?? 0;
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
export function planPresets(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  machine?: MachineSpeed,
): PlanPreset[] {
  if (gpu === null) return [];
  const preset = (id: PlanPreset["id"], label: string, choice: Choice): PlanPreset => ({
    id,
    label,
    patch: settingsOf(choice),
    plan: summary(surface, gpu, settings, choice, machine),
  });
  const fullChoice = allLayers(surface, gpu, settings);
  const full = fullChoice && preset("all-layers", "All layers on the GPU", fullChoice);
  const hasExpertsApart = full !== null && full.plan.expertBlocksInRam > 0;
  const kept = keepContext(surface, gpu, settings);
  const withCache = kept.kvType === settings.KV_CACHE_QUANT ? "" : `, with a ${kept.kvType} KV cache`;
  return [
    preset("keep-context", `Keep my context${withCache}`, kept),
    ...(full === null ? [] : [hasExpertsApart ? { ...full, label: "All layers, experts in RAM" } : full]),
    preset("smallest", "As small as it gets", smallest(surface, settings)),
  ];
}
