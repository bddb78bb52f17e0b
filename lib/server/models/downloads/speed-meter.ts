/** The shown speed is the average over this time, so it does not jump and does not include the start. */
const WINDOW_MS = 4000;
const MIN_MS = 700;

/** Bytes a second over the last seconds. */
export class SpeedMeter {
  #samples: { readonly atMs: number; bytes: number }[] = [];

  reset(): void {
    this.#samples = [];
  }

  add(bytes: number): void {
    const atMs = performance.now();
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < 100) last.bytes += bytes;
    else this.#samples.push({ atMs, bytes });
  }

  /** null in the first moments. */
  bytesPerSecond(): number | null {
    const atMs = performance.now();
    this.#samples = this.#samples.filter(sample => atMs - sample.atMs < WINDOW_MS);
    const [first] = this.#samples;
    if (first === undefined || atMs - first.atMs < MIN_MS) return null;
    return (this.#samples.reduce((sum, { bytes }) => sum + bytes, 0) / (atMs - first.atMs)) * 1000;
  }
}
