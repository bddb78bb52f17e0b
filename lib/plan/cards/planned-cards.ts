import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { formatBytes } from "@/lib/units/bytes";
import { cardNeeds } from "../memory/card-needs";
import { cardsOf, type Placement } from "../memory/memory-need";
import { cardOverflowBytes } from "./budget";
import type { PlannedCard, PlannedLayer, PlanWarning } from "./layer-plan";
import { plannableCards } from "./plannable-cards";

const NOTHING = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 0 };

/** Each card that may be used, with what this placement puts there; empty if layers are not shared as planned. */
export function plannedCards(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  placement: Placement,
): PlannedCard[] {
  const cards = plannableCards(gpu, settings) ?? [];
  const at = { ...placement, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const needs = placement.tensorSplit === undefined ? [] : cardNeeds(surface, at);
  return cards.map(card => {
    const found = needs.find(({ position }) => position === card.position);
    const { overheadBytes } = card;
    if (found === undefined) {
      const isUsed = gpu?.beside?.some(model => model.card === card.position) ?? false;
      const predicted = isUsed ? { ...NOTHING, overheadBytes, totalBytes: overheadBytes } : NOTHING;
      return { ...card, layers: 0, predicted };
    }
    const { firstLayer, endLayer, need } = found;
    const predicted = { ...need, overheadBytes, totalBytes: need.totalBytes + overheadBytes };
    return { ...card, layers: endLayer - firstLayer, predicted };
  });
}

/** The layers with the card that each is on. */
export function onCards(
  surface: MemorySurface,
  placement: Placement,
  cards: readonly PlannedCard[],
  perLayer: readonly PlannedLayer[],
): readonly PlannedLayer[] {
  if (cards.length === 0 || placement.tensorSplit === undefined) return perLayer;
  const split = cardsOf(surface, placement);
  return perLayer.map(layer => {
    const on = split.find(({ firstLayer, endLayer }) => layer.index >= firstLayer && layer.index < endLayer);
    const card = cards.findIndex(({ position }) => position === on?.position);
    return card === -1 ? layer : { ...layer, card };
  });
}

/** What the plan needs beyond each card's budget, all together. */
export const cardsShortBytes = (cards: readonly PlannedCard[]): number =>
  cards.reduce(
    (sum, { predicted, budgetBytes }) =>
      sum + Math.max(0, predicted.totalBytes - predicted.overheadBytes - budgetBytes),
    0,
  );

/** A plan that was chosen by hand can be too large for one card although the sum fits. */
export function overflowWarnings(cards: readonly PlannedCard[]): PlanWarning[] {
  return cards.flatMap(card => {
    const { position, name, layers } = card;
    const over = cardOverflowBytes(card);
    if (over === 0) return [];
    const message = `Card ${position} (${name}) would overflow by ${formatBytes(over)} with ${layers} layers: choose another split, or fewer GPU layers.`;
    return [{ code: "card-overflow" as const, message }];
  });
}
