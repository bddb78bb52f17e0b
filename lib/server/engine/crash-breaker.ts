export interface CrashLimits {
  /** Delay before the first, second and every later restart. */
  readonly backOffMs: readonly [number, number, number];
  /** After this many crashes within the window, with no answer in between, the engine stays down. */
  readonly crashes: number;
  readonly windowMs: number;
}

/** Decides after each crash whether to start again, and when. Knows nothing of processes. */
export class CrashBreaker {
  #crashTimesMs: number[] = [];
  #inARow = 0;

  constructor(readonly limits: CrashLimits) {}

  /** @returns milliseconds to wait before the next start, or null when it is time to give up. */
  recordCrash(nowMs: number): number | null {
    this.#crashTimesMs.push(nowMs);
    this.#inARow += 1;
    if (this.isOpen(nowMs)) return null;
    const { backOffMs } = this.limits;
    return backOffMs[Math.min(this.#inARow, backOffMs.length) - 1] ?? backOffMs[2];
  }

  /** Opens at the limit, and closes by itself when the crashes are older than the window. */
  isOpen(nowMs: number): boolean {
    const recent = this.#crashTimesMs.filter(timeMs => nowMs - timeMs < this.limits.windowMs);
    this.#crashTimesMs = recent;
    return recent.length >= this.limits.crashes;
  }

  /** The engine answered, or someone asked for a restart: earlier crashes no longer count. */
  forgive(): void {
    this.#crashTimesMs = [];
    this.#inARow = 0;
  }
}
