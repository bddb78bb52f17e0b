import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { type PlannableCard, plannableCards } from "../cards/plannable-cards";
import { cardNeeds } from "../memory/card-needs";
import { expertBlocks, firstGpuBlock, placementOf } from "../memory/memory-need";
import { SplitFinder } from "./split-finder";

/**
 * What to try after a load over several cards ran out of memory: more experts in RAM, or else fewer layers, so that the card that failed
 * has less by what was missing, and each card no more than is free on it now. Where it is not known which card failed, each gets less.
 *
 * @param failedCard its index among the engine's cards
 * @returns null if these cards are not known
 */
export function stepDownOnCards(
  surface: MemorySurface,
  config: LoadConfig,
  deficitBytes: number,
  gpu: GpuMemory | null,
  failedCard: number | null,
): LoadConfig | null {
  const free = plannableCards(gpu, { GPUS: "auto", TARGET_VRAM_USAGE: 1 });
  if (gpu === null || free === null) return null;
  const needs = cardNeeds(surface, config);
  const cards = free.flatMap((card): PlannableCard[] => {
    const bytes = needs.find(({ position }) => position === card.position)?.need.totalBytes;
    if (bytes === undefined) return [];
    const hasFailed = failedCard === null || failedCard === card.position;
    const limit = hasFailed ? bytes - Math.max(1, deficitBytes) : Number.POSITIVE_INFINITY;
    return [{ ...card, budgetBytes: Math.max(0, Math.min(card.budgetBytes, limit)) }];
  });
  const at = { contextTokens: config.contextTokens, kvType: config.kvType };
  const finder = new SplitFinder({ surface, gpu, cards, at, shares: null });
  const { tensorSplit, expertBlocksInRam = 0, borderExpertsOnGpu, ...rest } = config;
  const withLayers = (gpuLayers: number, apart: number): LoadConfig | null => {
    const found = finder.best({ gpuLayers, expertBlocksInRam: apart });
    return found && { ...rest, ...placementOf({ ...found, kvInRam: config.kvInRam }) };
  };
  const first = firstGpuBlock(surface.model.blocks, config.gpuLayers);
  const most = gpu.placesExperts === true && surface.computeExpertsInRam !== undefined ? expertBlocks(surface) : 0;
  const least = borderExpertsOnGpu === undefined ? expertBlocksInRam + 1 : expertBlocksInRam;
  for (let apart = Math.max(first + 1, least); apart <= most; apart++) {
    const found = withLayers(config.gpuLayers, apart);
    if (found !== null) return found;
  }
  for (let gpuLayers = config.gpuLayers - 1; gpuLayers > 0; gpuLayers--) {
    const found = withLayers(gpuLayers, expertBlocksInRam > 0 ? most : 0);
    if (found !== null) return found;
  }
  const { kvInRam, ...onCpu } = rest;
  return { ...onCpu, gpuLayers: 0 };
}
