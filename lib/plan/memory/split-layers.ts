/** Layers of one card: from `firstLayer` up to, and without, `endLayer`. The output's index is the number of blocks. */
export interface CardLayers {
  /** Index of the card among the engine's. */
  readonly position: number;
  readonly firstLayer: number;
  readonly endLayer: number;
}

/**
 * The layers of each card that has any: block i goes to the card whose cumulative share holds it, the output counts as one more layer at
 * the end. Computed in 32-bit floats, as llama.cpp does. @see llama.cpp src/llama-model.cpp load_tensors, splits
 *
 * @param firstLayer the first layer on a card
 * @param gpuLayers all layers on cards, the output included
 */
export function splitLayers(shares: readonly number[], firstLayer: number, gpuLayers: number): CardLayers[] {
  const total = shares.reduce((sum, share) => Math.fround(sum + share), 0);
  let filled = 0;
  const ends = shares.map(share => {
    filled = Math.fround(filled + share);
    return Math.fround(filled / total);
  });
  const last = shares.findLastIndex(share => share > 0);
  const cards: CardLayers[] = [];
  let layer = 0;
  for (const [position, end] of ends.entries()) {
    const first = layer;
    while (layer < gpuLayers && (position === last || Math.fround(layer / gpuLayers) < end)) layer++;
    if (layer > first) cards.push({ position, firstLayer: firstLayer + first, endLayer: firstLayer + layer });
  }
  return cards;
}

/** The numbers of layers as a split: with 0 for cards that have none, and nothing after the last card that has some. */
export function splitOf(cards: readonly CardLayers[]): number[] {
  const split: number[] = [];
  for (const { position, firstLayer, endLayer } of cards) split[position] = endLayer - firstLayer;
  return Array.from(split, layers => layers ?? 0);
}

/** Compared as llama.cpp sees them: cards without layers at the end make no difference. */
export function sameSplit(one: readonly number[] | undefined, other: readonly number[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const length = Math.max(one.length, other.length);
  for (let index = 0; index < length; index++) if ((one[index] ?? 0) !== (other[index] ?? 0)) return false;
  return true;
}
