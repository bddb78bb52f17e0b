import type { GenerationStats } from "@/lib/schema/generation";

export interface AnswerTotals {
  readonly answers: number;
  /** Without the cached ones. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly promptSeconds: number;
  readonly generatedTokens: number;
  readonly generatedSeconds: number;
  /** Prompt and answer together. */
  readonly longestTokens: number;
}

/** Sums over all answers since the start, of chats and of clients of the API. */
export class AnswerCounter {
  #totals: AnswerTotals = {
    answers: 0,
    promptTokens: 0,
    cachedTokens: 0,
    promptSeconds: 0,
    generatedTokens: 0,
    generatedSeconds: 0,
    longestTokens: 0,
  };

  note(stats: GenerationStats): void {
    const { promptTokens, cachedTokens, generatedTokens, timeToFirstTokenMs, totalMs } = stats;
    const before = this.#totals;
    this.#totals = {
      answers: before.answers + 1,
      promptTokens: before.promptTokens + promptTokens - cachedTokens,
      cachedTokens: before.cachedTokens + cachedTokens,
      promptSeconds: before.promptSeconds + timeToFirstTokenMs / 1000,
      generatedTokens: before.generatedTokens + generatedTokens,
      generatedSeconds: before.generatedSeconds + (totalMs - timeToFirstTokenMs) / 1000,
      longestTokens: Math.max(before.longestTokens, promptTokens + generatedTokens),
    };
  }

  totals(): AnswerTotals {
    return this.#totals;
  }
}
