import { customCard, whatIfGpu } from "@/lib/plan/cards/what-if-cards";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { bytesToMib } from "@/lib/units/bytes";

/** All facts known about a card that is not in this computer. */
export interface CardSize {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** The card to plan for. */
export const assumedCard = ({ totalBytes, usedBytes }: CardSize): GpuMemory =>
  whatIfGpu(customCard(bytesToMib(totalBytes)), usedBytes);

/** The cards to plan for, as if they were in this computer, in this order. At least one. */
export function assumedCards(sizes: readonly [CardSize, ...CardSize[]]): GpuMemory {
  const [first, ...others] = sizes;
  const cards = sizes.map(assumedCard);
  const sumOf = (of: (card: GpuMemory) => number) => cards.reduce((sum, card) => sum + of(card), 0);
  const one = assumedCard(first);
  if (others.length === 0) return one;
  return {
    ...one,
    name: `${sizes.length} assumed cards`,
    totalBytes: sumOf(card => card.totalBytes),
    usedByOthersBytes: sumOf(card => card.usedByOthersBytes),
    freeBytes: sumOf(card => card.freeBytes),
    overhead: { ...one.overhead, bytes: sumOf(card => card.overhead.bytes) },
    cards: cards.map(({ name, totalBytes, freeBytes, overhead }, position) => ({
      name: `card ${position}, ${name.replace(/^an /, "")}`,
      totalBytes,
      freeBytes,
      heldByEngineBytes: 0,
      position,
      overheadBytes: overhead.bytes,
    })),
  };
}
