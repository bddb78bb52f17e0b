import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { isNarrower } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed, SpeedRange } from "@/lib/schema/plans/plan-speed";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { formatGib } from "@/lib/units/bytes";
import { formatTokensShort } from "@/lib/units/tokens";
import type { LayerPlan } from "../cards/layer-plan";
import { memoryNeed } from "../memory/memory-need";
import { usableKvTypes } from "../memory/usable-kv-types";
import { canPlaceExperts, choosePlacement, moreOnGpu } from "../placement/choose-placement";
import { largestContext, longestSearched } from "../placement/largest-context";
import { predictDecode } from "../speed/predict-speed";

/** "What if": one change, and what would then fit. Only changes that bring more onto the GPU are listed. */
export interface Counterfactual {
  /** "q8_0 KV cache", "16k context": what to change. */
  readonly label: string;
  /** What a button applies; null if it is not a setting. */
  readonly patch: Partial<PlanSettings> | null;
  /** Set on the one that asks the user to close other programs. */
  readonly closesOthers?: true;
  readonly gpuLayers: number;
  readonly gainLayers: number;
  /** The experts of this many blocks would be in RAM. */
  readonly expertBlocksInRam: number;
  readonly borderExpertsOnGpu?: string;
  /** Everything on the GPU. */
  readonly full: boolean;
  /** Tokens a second with an empty context; null if this computer's speed is not known. */
  readonly decode: SpeedRange | null;
}

interface Change {
  readonly label: string;
  readonly patch: Partial<PlanSettings> | null;
  readonly closesOthers?: true;
  readonly settings: PlanSettings;
  readonly gpu: GpuMemory;
}

const AUTOMATIC_LAYERS = "automatic layers";
const AUTOMATIC_EXPERTS = "automatic experts in RAM";
const TARGET_STEPS = [0.7, 0.8, 0.9, 0.95] as const;
/** A smaller context leaves a chat hardly any room to answer, so none is offered. */
const SMALLEST_OFFERED_TOKENS = 2048;
/** Below this reading a prompt takes several times as long. */
const SMALLEST_OFFERED_BATCH = 64;

const withSettings = (label: string, patch: Partial<PlanSettings>, gpu: GpuMemory, settings: PlanSettings): Change => {
  const automatic = {
    ...patch,
    ...(settings.LAYERS === "auto" ? {} : { LAYERS: "auto" as const }),
    ...(settings.EXPERTS_IN_RAM === "auto" ? {} : { EXPERTS_IN_RAM: "auto" as const }),
  };
  return { label, patch: automatic, settings: { ...settings, ...automatic }, gpu };
};

/** What to call the plan without the numbers that were chosen by hand; null if none was. */
function automaticLabel(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): string | null {
  if (settings.LAYERS !== "auto") return AUTOMATIC_LAYERS;
  return settings.EXPERTS_IN_RAM !== "auto" && canPlaceExperts(surface, gpu) ? AUTOMATIC_EXPERTS : null;
}

function kvTypeChanges(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): Change[] {
  return usableKvTypes(surface, settings.FLASH_ATTENTION)
    .filter(kvType => isNarrower(kvType, settings.KV_CACHE_QUANT))
    .map(KV_CACHE_QUANT => withSettings(`${KV_CACHE_QUANT} KV cache`, { KV_CACHE_QUANT }, gpu, settings));
}

/** The next smaller power of two that gains a layer, and the largest context with all layers on the GPU, if that is a different one. */
function contextChanges(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): Change[] {
  const contextChange = (N_CTX: number) =>
    withSettings(`${formatTokensShort(N_CTX)} context`, { N_CTX }, gpu, settings);
  const placementAt = (N_CTX: number) => choosePlacement(surface, gpu, { ...settings, LAYERS: "auto", N_CTX });
  const present = placementAt(settings.N_CTX);
  const smaller: number[] = [];
  for (let tokens = SMALLEST_OFFERED_TOKENS; tokens < settings.N_CTX; tokens *= 2) smaller.unshift(tokens);
  const first = smaller.find(N_CTX => moreOnGpu(placementAt(N_CTX), present) > 0);
  const longest = longestSearched(surface, settings.N_CTX);
  const full = largestContext(surface, gpu, settings, { gpuLayers: surface.model.blocks + 1 }, longest) ?? 0;
  const offered = [first ?? 0, full].filter(tokens => tokens >= SMALLEST_OFFERED_TOKENS && tokens < settings.N_CTX);
  return [...new Set(offered)].map(contextChange);
}

function othersChange(gpu: GpuMemory, settings: PlanSettings): Change[] {
  if (gpu.usedByOthersBytes === 0) return [];
  const alone = {
    ...gpu,
    usedByOthersBytes: 0,
    freeBytes: gpu.freeBytes + gpu.usedByOthersBytes,
    ...(gpu.cards && {
      cards: gpu.cards.map(card => ({ ...card, freeBytes: card.totalBytes - card.heldByEngineBytes })),
    }),
  };
  const label = `close other programs, ${formatGib(gpu.usedByOthersBytes)}`;
  return [
    {
      label,
      patch: null,
      closesOthers: true,
      settings: { ...settings, LAYERS: "auto", EXPERTS_IN_RAM: "auto" },
      gpu: alone,
    },
  ];
}

function targetChange(gpu: GpuMemory, settings: PlanSettings): Change[] {
  const target = TARGET_STEPS.find(step => step > settings.TARGET_VRAM_USAGE + 0.001);
  if (target === undefined) return [];
  return [withSettings(`target ${Math.round(target * 100)} %`, { TARGET_VRAM_USAGE: target }, gpu, settings)];
}

/**
 * With all layers on the GPU the compute buffer is proportional to the batch (measured: Mistral 7B's shape at 4,096 and 32,768 tokens,
 * SmolLM2, to the byte). With some layers on the CPU it is not, and a smaller batch can even need more: then none is offered.
 */
function smallerBatch(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  plan: LayerPlan,
  machine: MachineSpeed | undefined,
): Counterfactual[] {
  const at = { gpuLayers: plan.totalLayers, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const { gpu: full } = memoryNeed(surface, at);
  const budget = plan.budgetBytes;
  // With several cards, each would have to fit by itself: that is not known for another batch.
  if (plan.cards.length > 0) return [];
  for (let N_BATCH = surface.batchTokens / 2; N_BATCH >= SMALLEST_OFFERED_BATCH; N_BATCH /= 2) {
    const computeBytes = full.computeBytes * (N_BATCH / surface.batchTokens);
    if (full.weightsBytes + full.kvBytes + computeBytes > budget || !Number.isInteger(N_BATCH)) continue;
    const { patch } = withSettings("", { N_BATCH }, gpu, settings);
    const gainLayers = plan.totalLayers - plan.gpuLayers;
    const decode = machine === undefined ? null : predictDecode(surface, gpu, at, machine);
    const { gpuLayers } = at;
    return [{ label: `batch ${N_BATCH}`, patch, gpuLayers, expertBlocksInRam: 0, gainLayers, full: true, decode }];
  }
  return [];
}

/**
 * Sorted by what is on the GPU, most first. Empty without a GPU, and when all layers fit already. If a manual number is too high, the number that fits is offered.
 *
 * @param machine left out if this computer's speed is not known
 */
export function counterfactuals(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  plan: LayerPlan,
  machine?: MachineSpeed,
): Counterfactual[] {
  const overBudget = plan.predicted.totalBytes - plan.predicted.overheadBytes > plan.budgetBytes;
  if (gpu === null || (plan.kind === "full" && !overBudget)) return [];
  const automatic = automaticLabel(surface, gpu, settings);
  const changes: Change[] = [
    ...(automatic === null ? [] : [withSettings(automatic, {}, gpu, settings)]),
    ...kvTypeChanges(surface, gpu, settings),
    ...contextChanges(surface, gpu, settings),
    ...othersChange(gpu, settings),
    ...targetChange(gpu, settings),
  ];
  const gains = changes.map(({ label, patch, closesOthers, settings: changed, gpu: changedGpu }) => {
    const placement = choosePlacement(surface, changedGpu, { ...changed, LAYERS: "auto" });
    const { gpuLayers, expertBlocksInRam, borderExpertsOnGpu } = placement;
    const placed = { ...placement, contextTokens: changed.N_CTX, kvType: changed.KV_CACHE_QUANT };
    return {
      label,
      patch,
      ...(closesOthers === undefined ? {} : { closesOthers }),
      gpuLayers,
      expertBlocksInRam,
      ...(borderExpertsOnGpu !== undefined && { borderExpertsOnGpu }),
      gainLayers: gpuLayers - plan.gpuLayers,
      full: gpuLayers === plan.totalLayers && expertBlocksInRam === 0,
      decode: machine === undefined ? null : predictDecode(surface, changedGpu, placed, machine),
    };
  });
  const fitsByItself = gains.some(({ label, full }) => label === automatic && full);
  return [...gains, ...(fitsByItself ? [] : smallerBatch(surface, gpu, settings, plan, machine))]
    .filter(change => moreOnGpu(change, plan) > 0 || (overBudget && (change.full || change.label === automatic)))
    .sort((one, other) => moreOnGpu(other, one));
}
