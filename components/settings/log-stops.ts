/** Slider stops in each doubling: fine enough to aim, few enough for the arrow keys. */
const STOPS_PER_DOUBLING = 8;

/**
 * The values of a logarithmic slider, ascending: even steps of ratio, rounded to `step`, each value once.
 * `max` is always one of them.
 */
export function logStops(min: number, max: number, step: number): readonly number[] {
  const stops: number[] = [];
  const count = Math.ceil(Math.log2(max / min) * STOPS_PER_DOUBLING);
  for (let index = 0; index <= count; index++) {
    const value = Math.min(max, Math.round((min * 2 ** (index / STOPS_PER_DOUBLING)) / step) * step);
    if (value > (stops.at(-1) ?? 0)) stops.push(value);
  }
  return stops;
}

/** Index of the stop nearest to `value`, by ratio. */
export function nearestStop(stops: readonly number[], value: number): number {
  let best = 0;
  for (const [index, stop] of stops.entries()) {
    if (Math.abs(Math.log(stop / value)) < Math.abs(Math.log((stops[best] ?? 1) / value))) best = index;
  }
  return best;
}
