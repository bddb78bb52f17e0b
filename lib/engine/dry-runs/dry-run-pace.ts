export interface PaceOptions {
  readonly budgetMs: number;
  /** Waits while something more urgent runs. Throws when cancelled. */
  checkIn(): Promise<void>;
  onProgress(fraction: number): void;
}

/** How much time is left for filling a surface. Time spent waiting for other work does not count. */
export class DryRunPace {
  readonly #beganMs = performance.now();
  #pausedMs = 0;

  constructor(private readonly options: PaceOptions) {}

  /** Call this before each dry run. */
  async checkIn(): Promise<void> {
    const waitedMs = performance.now();
    await this.options.checkIn();
    this.#pausedMs += performance.now() - waitedMs;
    this.options.onProgress(Math.min(1, Math.max(0, 1 - this.left)));
  }

  /** As a share of the budget; negative when it is used up. */
  get left(): number {
    const usedMs = performance.now() - this.#beganMs - this.#pausedMs;
    return 1 - usedMs / Math.max(1, this.options.budgetMs);
  }
}
