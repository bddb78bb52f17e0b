import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import type { PlannableCard } from "../cards/plannable-cards";
import { cardNeeds, cardWeightsOfLayer } from "../memory/card-needs";
import { dividedBlock, wholeBlocksInRam } from "../memory/expert-placement";
import { expertBytesInRam } from "../memory/expert-steps";
import { confirmedPlacements } from "../memory/fit-needs";
import {
  type CardRole,
  cardComputeBytes,
  confirmedPoint,
  firstGpuBlock,
  kvBytesOfLayer,
  leastComputeBytes,
  type MemoryPoint,
  type Placement,
  roleOf,
  samePlacement,
  sharedBytes,
} from "../memory/memory-need";
import { sameSplit, splitLayers, splitOf } from "../memory/split-layers";
import { cardFigures, guessedFigures } from "../speed/card-figures";
import { decodeSeconds } from "../speed/speed-parts";

/** A placement with its layers on chosen cards. */
export interface SplitPlacement extends Placement {
  readonly gpuLayers: number;
  readonly expertBlocksInRam: number;
  readonly tensorSplit: number[];
}

export interface SplitSearch {
  readonly surface: MemorySurface;
  readonly gpu: GpuMemory;
  readonly cards: readonly PlannableCard[];
  readonly at: Pick<MemoryPoint, "contextTokens" | "kvType">;
  /** Chosen by hand, by the engine's cards; null: the fastest split is searched. */
  readonly shares: readonly number[] | null;
  /** Whether all cards are used, by the room that each has, also where fewer would do. */
  readonly spreads?: boolean;
}

/** With more cards, not every choice of them is tried: each alone, and the roomiest and the fastest two, three and so on. */
const MOST_CHOICES_OF = 4;

/** Sets of cards, each in the engine's order. */
export type CardGroup = readonly (readonly PlannableCard[])[];

export type Layers = Pick<SplitPlacement, "gpuLayers" | "expertBlocksInRam" | "borderExpertsOnGpu">;

/**
 * Shares layers over cards so that no card overflows. Each card gets consecutive layers, so it is enough to fill the cards as far as
 * they go, from the first on and from the last on: all other splits of the same cards lie between these two, and with two cards the
 * fastest is one of them.
 */
export class SplitFinder {
  readonly #search: SplitSearch;
  readonly #choices: CardGroup;
  /** Choices of cards to be compared by speed. When the cards are chosen by hand, or all are to be used, there is one group. */
  readonly groups: readonly CardGroup[];
  #decodeSeconds: ((placement: Placement) => number) | null = null;
  readonly #known = new WeakMap<Placement, number>();
  /** Entry i: bytes of the layers before i. */
  readonly #beside: readonly number[];
  readonly #experts: readonly number[];
  /** Entry i: the layers before i that have a cache which grows. */
  readonly #attention: readonly number[];
  readonly #shared: number;
  readonly #computes = new Map<string, number[]>();
  /** What llama.cpp confirmed and what fits. */
  readonly #confirmed: readonly SplitPlacement[];

  constructor(search: SplitSearch) {
    this.#search = search;
    const { surface, cards, at } = search;
    // Without a closed form of the cache nobody knows what of it is on which card, so one card has it all.
    this.#choices = surface.kvSource === "closed-form" ? choicesOf(cards) : cards.map(card => [card]);
    this.groups = search.shares !== null || search.spreads ? [this.#choices] : this.#choices.map(choice => [choice]);
    const beside = [0];
    const experts = [0];
    const attention = [0];
    for (const layer of surface.layers) {
      const bytes = cardWeightsOfLayer(surface, layer.index, {}) + kvBytesOfLayer(layer, at, surface);
      beside.push((beside.at(-1) ?? 0) + bytes);
      experts.push((experts.at(-1) ?? 0) + layer.expertBytes);
      attention.push((attention.at(-1) ?? 0) + Number(layer.kv.growth !== "none"));
    }
    this.#beside = beside;
    this.#experts = experts;
    this.#attention = attention;
    this.#shared = sharedBytes(surface);
    this.#confirmed = confirmedPlacements(surface, at.contextTokens, at.kvType).flatMap(
      ({ expertBlocksInRam = 0, tensorSplit, kvInRam, ...layers }) =>
        tensorSplit === undefined || kvInRam ? [] : [{ ...layers, expertBlocksInRam, tensorSplit }],
    );
  }

  #seconds(placement: Placement): number {
    const { surface, gpu, at } = this.#search;
    this.#decodeSeconds ??= decodeSeconds(surface, gpu, at);
    const seconds = this.#known.get(placement) ?? this.#decodeSeconds(placement);
    this.#known.set(placement, seconds);
    return seconds;
  }

  /** Everything is on one card: nothing is faster, and the other cards stay free. */
  isAllOnOne({ gpuLayers, expertBlocksInRam, tensorSplit }: SplitPlacement): boolean {
    const isAll = gpuLayers === this.#search.surface.model.blocks + 1 && expertBlocksInRam === 0;
    return isAll && usedCards({ tensorSplit }) === 1;
  }

  /**
   * The fastest split of so many layers that fits; null when none does. What llama.cpp confirmed counts as it is.
   *
   * @param doubtShare the share of each compute buffer that may be missing if nothing was confirmed
   * @param group the cards to use; all choices that are tried where left out
   */
  best(layers: Layers, doubtShare = 0, group = this.#choices): SplitPlacement | null {
    let best: SplitPlacement | null = null;
    for (const placement of this.#fitting(layers, doubtShare, group))
      if (best === null || this.compareSplits(placement, best) < 0) best = placement;
    return best;
  }

  fits(layers: Layers, group = this.#choices): boolean {
    return this.#fitting(layers, 0, group).next().done !== true;
  }

  /** Splits of so many layers that fit: the two ends of what each choice of cards can have, and what was confirmed. */
  *#fitting(layers: Layers, doubtShare: number, group: CardGroup): Generator<SplitPlacement> {
    if (this.#search.shares !== null) {
      const chosen = this.forced(layers);
      if (this.#mayFit(chosen, doubtShare)) yield chosen;
      return;
    }
    if (this.#search.spreads) {
      const spread = this.forced(layers);
      if (this.#mayFit(spread, doubtShare)) yield spread;
    }
    for (const cards of group)
      for (const fromLast of cards.length > 1 ? [false, true] : [false]) {
        const found = this.#filled(layers, cards, fromLast, doubtShare);
        if (found !== null) yield found;
      }
    yield* this.#confirmedFitting(layers, group);
  }

  #confirmedFitting(layers: Layers, group: CardGroup): SplitPlacement[] {
    return this.#confirmed.filter(
      placement =>
        samePlacement({ ...placement, tensorSplit: undefined }, layers) &&
        group.some(cards => isOn(placement, cards)) &&
        this.#overflowing(placement) === null,
    );
  }

  /** Whether a dry run showed that this fits, whatever the samples say of more experts in RAM. */
  isKnownToFit(layers: Layers, group = this.#choices): boolean {
    return this.#search.shares === null && this.#confirmedFitting(layers, group).length > 0;
  }

  /** Negative where the first is better: everything on one card, or else faster; on a tie the one with fewer cards. */
  compare(one: SplitPlacement, other: SplitPlacement): number {
    const alone = this.#search.spreads ? 0 : Number(this.isAllOnOne(other)) - Number(this.isAllOnOne(one));
    return alone || this.#seconds(one) - this.#seconds(other) || usedCards(one) - usedCards(other);
  }

  /** Negative where the first is the better split of the same layers: when all cards are to be used, by room, and else on as many as possible. */
  compareSplits(one: SplitPlacement, other: SplitPlacement): number {
    if (!this.#search.spreads) return this.compare(one, other);
    const spread = this.forced(one).tensorSplit;
    const isByRoom = ({ tensorSplit }: SplitPlacement) => Number(sameSplit(tensorSplit, spread));
    return isByRoom(other) - isByRoom(one) || usedCards(other) - usedCards(one) || this.compare(one, other);
  }

  /** So many layers, whether they fit or not: by the chosen shares, or by what the cards have room for. */
  forced(layers: Layers): SplitPlacement {
    const { cards, shares, surface } = this.#search;
    const hasRoom = cards.some(({ budgetBytes }) => budgetBytes > 0);
    const byPosition: number[] = [];
    for (const { position, budgetBytes, totalBytes } of cards)
      byPosition[position] =
        shares === null ? (hasRoom ? budgetBytes : Math.max(1, totalBytes)) : (shares[position] ?? 0);
    const weights = Array.from(byPosition, share => share ?? 0);
    const first = firstGpuBlock(surface.model.blocks, layers.gpuLayers);
    return { ...layers, tensorSplit: splitOf(splitLayers(weights, first, layers.gpuLayers)) };
  }

  /** By how many bytes this placement exceeds its cards, all together. */
  shortBytes(placement: SplitPlacement): number {
    return this.#needs(placement).reduce((sum, { overBytes }) => sum + Math.max(0, overBytes), 0);
  }

  needBytes(placement: SplitPlacement): number {
    return this.#needs(placement).reduce((sum, { needBytes }) => sum + needBytes, 0);
  }

  #needs(placement: SplitPlacement) {
    const { surface, at, cards } = this.#search;
    return cardNeeds(surface, { ...placement, ...at }).map(({ position, need, endLayer }) => ({
      needBytes: need.totalBytes,
      weightsBytes: need.weightsBytes,
      computeBytes: need.computeBytes,
      leastComputeBytes: this.#leastComputeBytes(endLayer),
      overBytes: need.totalBytes - (cards.find(card => card.position === position)?.budgetBytes ?? 0),
    }));
  }

  /** Index of the first card that overflows, among those that have layers. */
  #overflowing(placement: SplitPlacement): number | null {
    const index = this.#needs(placement).findIndex(({ overBytes }) => overBytes > 0);
    return index === -1 ? null : index;
  }

  #mayFit(placement: SplitPlacement, doubtShare: number): boolean {
    const share = this.#isConfirmed(placement) ? 0 : doubtShare;
    return this.#needs(placement).every(
      ({ overBytes, computeBytes, leastComputeBytes }) =>
        overBytes <= Math.min(share * computeBytes, Math.max(0, computeBytes - leastComputeBytes)),
    );
  }

  #isConfirmed(placement: SplitPlacement): boolean {
    const { surface, at } = this.#search;
    return this.#confirmed.length > 0 && confirmedPoint(surface, { ...placement, ...at }) !== undefined;
  }

  /** Fills these cards one after another, and gives a card less where llama.cpp said that it overflows. */
  #filled(layers: Layers, cards: readonly PlannableCard[], fromLast: boolean, doubtShare: number) {
    const most = cards.map(() => Number.POSITIVE_INFINITY);
    for (;;) {
      const counts = this.#counts(layers, cards, most, fromLast, doubtShare);
      if (counts === null) return null;
      const tensorSplit: number[] = [];
      for (const [index, { position }] of cards.entries()) tensorSplit[position] = counts[index] ?? 0;
      const placement = { ...layers, tensorSplit: Array.from(tensorSplit, count => count ?? 0) };
      const over = this.#isConfirmed(placement)
        ? this.#overflowing(placement)
        : this.#likelyOverflowing(placement, doubtShare);
      if (over === null) return placement;
      most[over] = (counts[over] ?? 0) - 1;
    }
  }

  /**
   * The same for a placement of which dry runs know other choices of experts. On a card where those are the same, the buffers are too; how
   * many of them are in RAM hardly matters elsewhere.
   */
  #likelyOverflowing(placement: SplitPlacement, doubtShare: number): number | null {
    const needs = this.#needs(placement);
    for (const other of this.#confirmed) {
      const isAlike = other.gpuLayers === placement.gpuLayers && sameSplit(other.tensorSplit, placement.tensorSplit);
      if (!isAlike || other.expertBlocksInRam > 0 !== placement.expertBlocksInRam > 0) continue;
      const others = this.#needs(other);
      const isSameKind = other.borderExpertsOnGpu === placement.borderExpertsOnGpu;
      const index = needs.findIndex(({ weightsBytes, computeBytes, leastComputeBytes, overBytes }, card) => {
        const known = others[card];
        const share = known?.weightsBytes === weightsBytes ? 0 : isSameKind ? doubtShare : 1;
        const likelyBytes = Math.max(leastComputeBytes, (1 - share) * (known?.computeBytes ?? 0));
        return overBytes - computeBytes + likelyBytes > 0;
      });
      if (index !== -1) return index;
    }
    return null;
  }

  /** Numbers of layers, at least one a card; null if they do not fit. */
  #counts(
    layers: Layers,
    cards: readonly PlannableCard[],
    most: readonly number[],
    fromLast: boolean,
    doubtShare: number,
  ): number[] | null {
    const { gpuLayers, expertBlocksInRam } = layers;
    const { blocks } = this.#search.surface.model;
    let first = firstGpuBlock(blocks, gpuLayers);
    let end = blocks + 1;
    const counts = cards.map(() => 0);
    const order = fromLast ? [...cards.keys()].reverse() : [...cards.keys()];
    for (const [turn, index] of order.entries()) {
      const compute = this.#computeBytes(roleOf(index, cards.length), expertBlocksInRam > 0, gpuLayers);
      const budget = cards[index]?.budgetBytes ?? 0;
      const isFirst = roleOf(index, cards.length) === "first";
      const left = order.length - 1 - turn;
      const fits = (count: number): boolean => {
        const from = fromLast ? end - count : first;
        const maskBytes = doubtShare > 0 ? this.#spareMaskBytes(isFirst ? 0 : from, from + count) : 0;
        const likelyBytes = (1 - doubtShare) * compute - maskBytes;
        const leastBytes = Math.min(compute, this.#leastComputeBytes(from + count));
        return this.#layerBytes(from, from + count, layers) + Math.max(likelyBytes, leastBytes) <= budget;
      };
      const unplaced = end - first - left;
      const count = left === 0 ? unplaced : mostThat(fits, Math.min(unplaced, most[index] ?? 0));
      if (count < 1 || count > (most[index] ?? 0) || !fits(count)) return null;
      counts[index] = count;
      if (fromLast) end -= count;
      else first += count;
    }
    return counts;
  }

  #layerBytes(first: number, end: number, placement: Layers): number {
    const whole = wholeBlocksInRam(placement);
    const apart = (index: number) => this.#experts[Math.min(index, whole)] ?? 0;
    const border = dividedBlock(placement)?.block ?? -1;
    const layer = border >= first && border < end ? this.#search.surface.layers[border] : undefined;
    const borderBytes = layer === undefined ? 0 : expertBytesInRam(layer, placement);
    const copy = first < this.#search.surface.model.blocks ? this.#shared : 0;
    return (this.#beside[end] ?? 0) - (this.#beside[first] ?? 0) - (apart(end) - apart(first)) - borderBytes + copy;
  }

  /**
   * A card that computes no attention has no mask, which the samples count: f16, a batch by the context. The first card also computes a prompt's
   * attention for the blocks in RAM.
   */
  #spareMaskBytes(first: number, end: number): number {
    const { surface, at } = this.#search;
    const hasAttention = this.#attention[end] !== this.#attention[first];
    return hasAttention ? 0 : surface.batchTokens * padUp(at.contextTokens, CONTEXT_PAD_TOKENS) * 2;
  }

  #leastComputeBytes(endLayer: number): number {
    const { surface, at } = this.#search;
    return leastComputeBytes(surface, at.contextTokens, endLayer);
  }

  #newComputeBytes(role: CardRole, expertsInRam: boolean, gpuLayers: number): number {
    const { surface, at } = this.#search;
    return cardComputeBytes(surface, { ...at, gpuLayers, expertBlocksInRam: expertsInRam ? 1 : 0 }, role);
  }

  #computeBytes(role: CardRole, expertsInRam: boolean, gpuLayers: number): number {
    const key = `${role} ${expertsInRam}`;
    const known = this.#computes.get(key) ?? [];
    this.#computes.set(key, known);
    const bytes = known[gpuLayers] ?? this.#newComputeBytes(role, expertsInRam, gpuLayers);
    known[gpuLayers] = bytes;
    return bytes;
  }
}

const usedCards = ({ tensorSplit }: Pick<SplitPlacement, "tensorSplit">): number =>
  tensorSplit.filter(layers => layers > 0).length;

const isOn = ({ tensorSplit }: SplitPlacement, cards: readonly PlannableCard[]): boolean =>
  tensorSplit.filter(layers => layers > 0).length === cards.length &&
  cards.every(({ position }) => (tensorSplit[position] ?? 0) > 0);

/** The largest number up to `limit` that fits, where each one that fits is followed by others that do; 0 where none does. */
function mostThat(fits: (count: number) => boolean, limit: number): number {
  let fitting = 0;
  let tooMany = limit + 1;
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(middle)) fitting = middle;
    else tooMany = middle;
  }
  return fitting;
}

/** The sets of cards to try, in the engine's order. */
function choicesOf(cards: readonly PlannableCard[]): PlannableCard[][] {
  const alone = cards.map(card => [card]);
  if (cards.length <= MOST_CHOICES_OF) {
    const sets: PlannableCard[][] = [[]];
    for (const card of cards) sets.push(...sets.map(set => [...set, card]));
    return sets.filter(set => set.length > 0);
  }
  const roomiest = cards.toSorted((one, other) => other.budgetBytes - one.budgetBytes);
  const fastest = cards.toSorted((one, other) => bandwidthOf(other) - bandwidthOf(one));
  const several = cards.slice(1).flatMap((_, index) =>
    [roomiest, fastest].map(order => {
      const chosen = order.slice(0, index + 2);
      return cards.filter(card => chosen.includes(card));
    }),
  );
  return [...alone, ...several];
}

const bandwidthOf = ({ name, totalBytes }: PlannableCard): number =>
  (cardFigures(name) ?? guessedFigures(totalBytes)).bytesPerSecond;
