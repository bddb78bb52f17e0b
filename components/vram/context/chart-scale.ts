import { GIB } from "@/lib/units/bytes";

export type Scale = (value: number) => number;

/** Maps [from, to] to [start, end] so that each doubling has the same width. */
export const logScale =
  (from: number, to: number, start: number, end: number): Scale =>
  value =>
    start + (Math.log(value / from) / Math.log(to / from)) * (end - start);

export const linearScale =
  (from: number, to: number, start: number, end: number): Scale =>
  value =>
    start + ((value - from) / (to - from)) * (end - start);

const GIB_STEPS = [0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 4, 5, 10, 20, 50, 100] as const;

/** Round numbers of GiB from 0 up to `maxBytes`, at most six. */
export function gibSteps(maxBytes: number): number[] {
  const maxGib = maxBytes / GIB;
  const step = GIB_STEPS.find(width => maxGib / width < 6) ?? Math.ceil(maxGib / 5);
  return Array.from({ length: Math.floor(maxGib / step + 1e-9) + 1 }, (_, index) => Number((index * step).toFixed(2)));
}

/** Moves labels apart to a distance of at least `gap`, with none past `limit`; keeps their order. */
export function spreadLabels(positions: readonly number[], gap: number, limit: number): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const spread = [...positions];
  let floor = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    const position = Math.max(spread[index] ?? 0, floor);
    spread[index] = position;
    floor = position + gap;
  }
  let ceiling = limit;
  for (const index of order.reverse()) {
    spread[index] = Math.min(spread[index] ?? 0, ceiling);
    ceiling = (spread[index] ?? 0) - gap;
  }
  return spread;
}

export const linePath = (points: readonly (readonly [x: number, y: number])[]): string =>
  points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
