import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSpeed } from "@/lib/schema/plans/plan-speed";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { formatBytes, formatPartOf } from "@/lib/units/bytes";
import { formatRate, formatTokens } from "@/lib/units/tokens";
import { planOverflowBytes, toBeFreedBytes } from "../cards/budget";
import type { LayerPlan } from "../cards/layer-plan";
import { kvTypeRefusal } from "../memory/usable-kv-types";
import { choosePlacement } from "../placement/choose-placement";
import { besideInWords, type Computer, planRam, ramShortage } from "../placement/plan-ram";
import { decodeSeconds } from "../speed/speed-parts";
import { speedSentence } from "../speed/speed-words";
import { cardsInWords, expertsInWords, layersInWords } from "./placement-words";

/** "80 %", "82.5 %" */
const formatShare = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/** Names the limit for "… more than …": the target, or the free memory where that is less. */
function limitWords(gpu: GpuMemory, settings: PlanSettings): string {
  const belowTarget = settings.TARGET_VRAM_USAGE * gpu.totalBytes - gpu.usedByOthersBytes;
  const free = gpu.freeBytes + gpu.heldByEngineBytes;
  return free < belowTarget ? "is free" : `your ${formatShare(settings.TARGET_VRAM_USAGE)} leaves`;
}

const layerWords = (count: number): string => (count === 1 ? "1 layer" : `${count} layers`);

/** Bytes left in the budget; negative when bytes are missing. With several cards: on those with layers, and missing if one has too little. */
function spareBytes({ cards, budgetBytes, predicted }: LayerPlan): number {
  if (cards.length === 0) return budgetBytes - (predicted.totalBytes - predicted.overheadBytes);
  const spares = cards
    .filter(({ layers }) => layers > 0)
    .map(card => card.budgetBytes - (card.predicted.totalBytes - card.predicted.overheadBytes));
  const short = spares.filter(bytes => bytes < 0);
  return (short.length > 0 ? short : spares).reduce((sum, bytes) => sum + bytes, 0);
}

function manualSentence(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  plan: LayerPlan,
  limit: string,
): string {
  const auto = choosePlacement(surface, gpu, { ...settings, LAYERS: "auto" }).gpuLayers;
  const excess = planOverflowBytes(gpu, plan);
  if (excess > 0)
    return `${formatBytes(excess)} too much for the card: you chose ${plan.gpuLayers} of ${plan.totalLayers} layers, and ${auto} would fit.`;
  const chosen = `You chose ${plan.gpuLayers} of ${plan.totalLayers} layers${cardsInWords(plan.cards)}.`;
  const spare = spareBytes(plan);
  if (spare < 0) return `${chosen} They need ${formatBytes(-spare)} more than ${limit}; ${auto} would fit.`;
  return auto > plan.gpuLayers ? `${chosen} ${auto} would fit.` : `${chosen} They fit.`;
}

function cpuOnlySentence(gpu: GpuMemory, settings: PlanSettings, plan: LayerPlan, limit: string): string {
  if (plan.manual) return `All ${plan.totalLayers} layers run on the CPU, as you chose.`;
  const toBeFreed = toBeFreedBytes(gpu, settings.TARGET_VRAM_USAGE);
  if (toBeFreed > 0)
    return `No layer fits: ${formatBytes(toBeFreed)} would have to be freed before the first byte does.`;
  return `No layer fits, so all run on the CPU. The first one needs ${formatBytes(plan.nextLayerShortBytes ?? 0)} more than ${limit}.`;
}

/** "Runs on the CPU: 305 MiB of 23.54 GiB of memory, about 70 tokens/s.", or what is missing. */
function noGpuSentence(plan: LayerPlan, computer: Computer | null, speed: PlanSpeed | null): string {
  const { totalBytes } = plan.ram;
  if (computer === null) return `Runs on the CPU: ${formatBytes(totalBytes)} of memory.`;
  const ram = planRam(plan, null, computer);
  if (ram.outcome !== "fits") return ramShortage(ram);
  const rate = computer.cpuTokensPerSecond;
  const beside = ram.beside.length > 0 ? `, and ${besideInWords(ram.beside)}` : "";
  const words = `Runs on the CPU: ${formatPartOf(totalBytes, ram.totalBytes)} of memory${beside}`;
  return rate === null ? withSpeed(`${words}.`, speed, plan) : `${words}, about ${formatRate(rate)} tokens/s.`;
}

/**
 * Explains the number of layers in one sentence.
 *
 * @param computer null if its memory is not known
 */
export function planSentence(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  plan: LayerPlan,
  computer: Computer | null = null,
  speed: PlanSpeed | null = null,
): string {
  const refusal = kvTypeRefusal(surface, settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION);
  if (refusal !== null) return refusal;
  if (gpu === null) return noGpuSentence(plan, computer, speed);
  const limit = limitWords(gpu, settings);
  if (plan.kind === "cpu-only") return withSpeed(cpuOnlySentence(gpu, settings, plan, limit), speed, plan);
  if (plan.manual) {
    // A plan that is too large for the card has no speed: a load takes layers off first.
    const isTooLarge = planOverflowBytes(gpu, plan) > 0;
    return withSpeed(manualSentence(surface, gpu, settings, plan, limit), isTooLarge ? null : speed, plan);
  }
  return withSpeed(
    `${automaticSentence(settings, plan, limit)}${cacheReason(surface, gpu, settings, plan)}`,
    speed,
    plan,
  );
}

function automaticSentence(settings: PlanSettings, plan: LayerPlan, limit: string): string {
  const onCards = `${cardsInWords(plan.cards)}${plan.kvInRam ? ", KV cache in RAM" : ""}`;
  if (plan.kind === "full")
    return `All ${layerWords(plan.totalLayers)} fit${onCards}, with ${formatBytes(spareBytes(plan))} to spare.`;
  const short = `${formatBytes(plan.nextLayerShortBytes ?? 0)} more than ${limit}`;
  const fitting = `${capital(layersInWords(plan))} fit${onCards}${expertsInWords(plan)}`;
  if (plan.expertBlocksInRam > 0 && settings.EXPERTS_IN_RAM === "auto")
    return `${fitting}. The next part of them needs ${short}.`;
  if (plan.expertBlocksInRam > 0 && plan.gpuLayers === plan.totalLayers)
    return `${fitting} as you chose, with ${formatBytes(spareBytes(plan))} to spare.`;
  const asChosen = plan.expertBlocksInRam > 0 ? " as you chose" : "";
  return `${fitting}${asChosen}. The next one needs ${short}.`;
}

/** Why the planner put the KV cache in RAM; nothing where it is on the card, or was put there by hand. */
function cacheReason(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings, plan: LayerPlan): string {
  if (!plan.kvInRam || settings.KV_IN_RAM !== "auto") return "";
  const onCard = choosePlacement(surface, gpu, { ...settings, KV_IN_RAM: false });
  const secondsOf = decodeSeconds(surface, gpu, plan);
  const times = formatRate(secondsOf(onCard) / secondsOf(plan));
  const would =
    onCard.gpuLayers === 0 ? "no layer" : `${layersInWords({ ...plan, ...onCard })}${expertsInWords(onCard)}`;
  return ` With the cache on the card, ${would} would fit, and writing is predicted ${times} times slower with a full context.`;
}

/** "All 33 layers fit, with 5 MiB to spare. About 42 tokens/s, prompts 900 to 1,600." */
const withSpeed = (sentence: string, speed: PlanSpeed | null, { gpuLayers }: LayerPlan): string =>
  speed === null ? sentence : `${sentence} ${speedSentence(speed, gpuLayers > 0)}`;

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** Each answer that is written at once has a whole context of its own. */
function kvInWords({ sequences, contextTokens }: LayerPlan, kvBytes: number): string {
  const tokens = `${formatTokens(contextTokens)} tokens`;
  if (sequences === 1) return `KV cache for ${tokens} ${formatBytes(kvBytes)}`;
  return `KV cache for ${sequences} answers at once, each of ${tokens}, ${formatBytes(kvBytes)} (${formatBytes(kvBytes / sequences)} each)`;
}

/** The numbers behind the sentence, part by part. */
export function planDetail(gpu: GpuMemory | null, plan: LayerPlan): string {
  const { weightsBytes, kvBytes, computeBytes, overheadBytes } =
    plan.kind === "cpu-only" || gpu === null ? plan.ram : plan.predicted;
  const words = [
    `Weights ${formatBytes(weightsBytes)}`,
    kvInWords(plan, kvBytes),
    `compute ${formatBytes(computeBytes)}`,
  ];
  if (gpu === null || plan.kind === "cpu-only") return `${words.join(", ")}, in system memory.`;
  const files = besideInWords(gpu.beside ?? []);
  words.push(`overhead ${formatBytes(overheadBytes)}${files === "" ? "" : ` (with ${files})`}`);
  const others = gpu.usedByOthersBytes > 0 ? `, on top of ${formatBytes(gpu.usedByOthersBytes)} used by others` : "";
  return `${words.join(", ")}${others}.`;
}
