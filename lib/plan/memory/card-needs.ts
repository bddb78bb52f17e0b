import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MemoryParts } from "@/lib/schema/plans/receipt";
import type { ExpertPlacement } from "./expert-placement";
import { expertBytesInRam } from "./expert-steps";
import {
  cardComputeBytes,
  cardsOf,
  confirmedPoint,
  holdsBlocks,
  kvBytesOfLayer,
  type MemoryPoint,
  memoryParts,
  roleOf,
  sharedBytes,
} from "./memory-need";
import type { CardLayers } from "./split-layers";

/** Weights, KV cache and compute of one of several cards, for a placement with a split. */
export interface CardNeed extends CardLayers {
  readonly need: MemoryParts;
}

/** What llama.cpp allocates on each card that has layers. Compute is exact where a dry run was made. */
export function cardNeeds(surface: MemorySurface, at: MemoryPoint): CardNeed[] {
  const known = confirmedPoint(surface, at);
  const cards = cardsOf(surface, at);
  return cards.map((card, index) => {
    let weightsBytes = 0;
    let kvBytes = 0;
    for (let layer = card.firstLayer; layer < card.endLayer; layer++) {
      weightsBytes += cardWeightsOfLayer(surface, layer, at);
      kvBytes += layerKvBytes(surface, layer, at);
    }
    if (holdsBlocks(card, surface)) weightsBytes += sharedBytes(surface);
    const role = roleOf(index, cards.length);
    const computePartBytes = known?.cardBytes?.[index] ?? cardComputeBytes(surface, at, role);
    return { ...card, need: memoryParts(weightsBytes, kvBytes, computePartBytes) };
  });
}

/** Weights that a layer has on its card, without what is shared and without experts in RAM. */
export function cardWeightsOfLayer(surface: MemorySurface, index: number, placement: ExpertPlacement): number {
  const joinsAt = surface.model.blocks + 1 - index;
  const joined = (surface.gpuWeightsBytes[joinsAt] ?? 0) - (surface.gpuWeightsBytes[joinsAt - 1] ?? 0);
  const layer = surface.layers[index];
  const apart = layer === undefined ? 0 : expertBytesInRam(layer, placement);
  return joined - (joinsAt === 2 ? sharedBytes(surface) : 0) - apart;
}

const layerKvBytes = (surface: MemorySurface, index: number, at: MemoryPoint): number => {
  const layer = surface.layers[index];
  return layer === undefined || at.kvInRam ? 0 : kvBytesOfLayer(layer, at, surface);
};
