import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MemoryParts } from "@/lib/schema/plans/receipt";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";
import { budgetBytes, overflowBytes, toBeFreedBytes } from "../cards/budget";
import { cardWarnings } from "../cards/card-shares";
import type { LayerPlan, PlannedCard, PlannedLayer, PlanWarning } from "../cards/layer-plan";
import { cardsBudgetBytes } from "../cards/plannable-cards";
import { cardsShortBytes, onCards, overflowWarnings, plannedCards } from "../cards/planned-cards";
import { cpuOnlyMemory } from "../memory/cpu-only-memory";
import { expertBytesInRam } from "../memory/expert-steps";
import {
  computeBytes,
  firstGpuBlock,
  guessBytesOf,
  kvBytesOfLayer,
  memoryNeed,
  type Placement,
  withSequences,
} from "../memory/memory-need";
import { kvTypeRefusal, mixedTypeNote } from "../memory/usable-kv-types";
import { choosePlacement, nextPlacement } from "./choose-placement";
import { ON_CPU } from "./expert-ladder";
import { plannedSequences, surfaceFor } from "./sequences";

const NOTHING: MemoryParts = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 0 };

/**
 * Where every layer goes: the most layers whose weights, KV cache and compute buffer fit the budget, or as many as `LAYERS` says.
 * Pure, and as exact as the surface; a dry run confirms each plan before it is loaded. Without a GPU everything is in system memory.
 */
export function planLayers(asked: MemorySurface, gpu: GpuMemory | null, settings: PlanSettings): LayerPlan {
  const surface = surfaceFor(asked, settings);
  const totalLayers = surface.model.blocks + 1;
  const placement = gpu === null ? ON_CPU : choosePlacement(surface, gpu, settings);
  const { gpuLayers, expertBlocksInRam, borderExpertsOnGpu } = placement;
  const next = gpu === null ? null : nextPlacement(surface, gpu, settings, placement);
  const cards = plannedCards(surface, gpu, settings, placement);
  const budget = planBudgetBytes(gpu, settings, cards);
  const at = { ...placement, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const sequences = plannedSequences(surface, gpu, settings, at);
  const loaded = withSequences(surface, sequences);
  const memory = predictedMemory(loaded, gpu, placement, settings, cards);
  const perLayer = onCards(loaded, placement, cards, placeLayers(loaded, placement, settings));
  return {
    kind: gpuLayers === 0 ? "cpu-only" : gpuLayers === totalLayers && expertBlocksInRam === 0 ? "full" : "partial",
    gpuLayers,
    expertBlocksInRam,
    borderExpertsOnGpu,
    tensorSplit: placement.tensorSplit,
    kvInRam: placement.kvInRam,
    cards,
    totalLayers,
    contextTokens: settings.N_CTX,
    kvType: settings.KV_CACHE_QUANT,
    batchTokens: surface.batchTokens,
    sequences,
    flashAttention: surface.flashAttention,
    manual: settings.LAYERS !== "auto",
    budgetBytes: budget,
    ...memory,
    guessBytes: guessBytesOf(surface),
    computeSource: surface.computeSource,
    perLayer,
    nextLayerShortBytes: next === null ? null : (next.shortBytes ?? Math.max(0, next.needBytes - budget)),
    warnings: [
      ...warningsOf(surface, gpu, settings, placement, cards),
      ...overflowWarnings(cards),
      ...(gpu?.cards === undefined || cards.length > 0
        ? []
        : cardWarnings(gpu, surface, perLayer, pooledCompute(surface, placement, settings))),
    ],
  };
}

const planBudgetBytes = (gpu: GpuMemory | null, settings: PlanSettings, cards: readonly PlannedCard[]): number =>
  gpu === null ? 0 : cards.length > 0 ? cardsBudgetBytes(cards) : budgetBytes(gpu, settings.TARGET_VRAM_USAGE);

function pooledCompute(surface: MemorySurface, placement: Placement, { N_CTX, KV_CACHE_QUANT }: PlanSettings) {
  const at = { contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
  return {
    contextTokens: N_CTX,
    totalBytes: computeBytes(surface, { ...at, ...placement }, "gpuBytes"),
    fullBytes: computeBytes(surface, { ...at, gpuLayers: surface.model.blocks + 1 }, "gpuBytes"),
  };
}

function predictedMemory(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  placement: Placement,
  settings: PlanSettings,
  cards: readonly PlannedCard[],
): { predicted: MemoryParts; ram: MemoryParts } {
  const at = { ...placement, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const need = memoryNeed(surface, at);
  if (gpu === null || placement.gpuLayers === 0)
    return { predicted: NOTHING, ram: cpuOnlyMemory(surface, need.ram, at) };
  const overheadBytes =
    cards.length === 0 ? gpu.overhead.bytes : cards.reduce((sum, card) => sum + card.predicted.overheadBytes, 0);
  return {
    predicted: { ...need.gpu, overheadBytes, totalBytes: need.gpu.totalBytes + overheadBytes },
    ram: need.ram,
  };
}

/**
 * Weights that a layer has on its device. A tied output layer differs by device: on the GPU it is a copy of the token embedding,
 * on the CPU it shares the embedding's bytes. Taking the weights from the totals makes the map add up to the plan.
 */
function weightsOf(surface: MemorySurface, layer: LayerMemory, onGpu: boolean): number {
  const joinsAt = surface.model.blocks + 1 - layer.index;
  return onGpu
    ? (surface.gpuWeightsBytes[joinsAt] ?? 0) - (surface.gpuWeightsBytes[joinsAt - 1] ?? 0)
    : (surface.ramWeightsBytes[joinsAt - 1] ?? 0) - (surface.ramWeightsBytes[joinsAt] ?? 0);
}

function placeLayers(surface: MemorySurface, placement: Placement, settings: PlanSettings): PlannedLayer[] {
  const firstOnGpu = firstGpuBlock(surface.model.blocks, placement.gpuLayers);
  const at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const placed: PlannedLayer[] = [
    {
      index: -1,
      role: "embedding",
      kind: "embedding",
      experts: 0,
      device: "cpu",
      weightsBytes: surface.ramWeightsBytes[surface.model.blocks + 1] ?? surface.embeddingWeightsBytes,
      expertBytesInRam: 0,
      kvBytes: 0,
    },
  ];
  for (const layer of surface.layers) {
    const onGpu = layer.index >= firstOnGpu;
    placed.push({
      index: layer.index,
      role: layer.role,
      kind: layer.kind,
      experts: layer.experts,
      device: onGpu ? "gpu" : "cpu",
      weightsBytes: weightsOf(surface, layer, onGpu),
      expertBytesInRam: onGpu ? expertBytesInRam(layer, placement) : 0,
      kvBytes: kvBytesOfLayer(layer, at, surface),
    });
  }
  return placed;
}

function warningsOf(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  placement: Placement,
  cards: readonly PlannedCard[],
): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  const warn = (code: PlanWarning["code"], message: string) => warnings.push({ code, message });
  const totalLayers = surface.model.blocks + 1;
  const trained = surface.model.trainContextTokens;
  if (settings.LAYERS !== "auto" && settings.LAYERS > totalLayers)
    warn(
      "clamped",
      `${settings.LAYERS} layers were asked for; this model has ${totalLayers}, the output layer included.`,
    );
  if (gpu === null) warn("no-gpu", "No GPU is planned for: all layers run on the CPU, in system memory.");
  else warnings.push(...budgetWarnings(surface, gpu, settings, placement, cards));
  if (gpu?.note !== undefined) warn("card-unclear", gpu.note);
  if (trained > 0 && settings.N_CTX > trained)
    warn(
      "context-above-training",
      `${formatTokens(settings.N_CTX)} tokens are more than the ${formatTokens(trained)} this model was trained for: answers may get worse beyond that.`,
    );
  const refusal = kvTypeRefusal(surface, settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION);
  const note = mixedTypeNote(settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION, placement.gpuLayers > 0 ? gpu : null);
  if (refusal !== null) warn("kv-type-refused", refusal);
  else if (note !== null) warn("kv-type-slow", note);
  // Without a card no dry run can be made on a device, and no layer depends on one.
  if (surface.computeSource === "estimated" && gpu !== null)
    warn(
      "estimated",
      "The compute buffer is a cautious estimate: llama.cpp has not made a dry run of this model on this device.",
    );
  return warnings;
}

function budgetWarnings(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  placement: Placement,
  cards: readonly PlannedCard[],
): PlanWarning[] {
  const { gpuLayers } = placement;
  const toBeFreed = toBeFreedBytes(gpu, settings.TARGET_VRAM_USAGE);
  if (gpuLayers > 0) {
    const need = memoryNeed(surface, { ...placement, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT });
    const budget = budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
    const excess = cards.length > 0 ? cardsShortBytes(cards) : need.gpu.totalBytes - budget;
    if (excess <= 0) return [];
    const isOverflow = overflowBytes(gpu, need.gpu.totalBytes + gpu.overhead.bytes) > 0;
    const consequence = isOverflow ? " A load would take layers off until it fits." : "";
    const message = `${gpuLayers} layers need ${formatBytes(excess)} more than the target leaves.${consequence}`;
    return [{ code: "over-budget", message }];
  }
  if (toBeFreed === 0) return [];
  const message = `Nothing is left for the model: ${formatBytes(toBeFreed)} would have to be freed on ${gpu.name} before the first byte fits.`;
  return [{ code: "over-budget", message }];
}
