import type { GenerationStats } from "@/lib/schema/generation";
import type { PrefillResult } from "../sequences/prefill";

/** Counts tokens and measures the times that people compare. */
export class GenerationTimer {
  prefilled: PrefillResult | null = null;
  generatedTokens = 0;
  #draft: { tokens: number; right: number } | null = null;
  #firstTokenMs: number | null = null;
  #firstTokens = 0;

  constructor(
    private readonly startedMs: number,
    private readonly promptLength: number,
  ) {}

  count(tokens: number): void {
    if (tokens === 0) return;
    if (this.#firstTokenMs === null) {
      this.#firstTokenMs = performance.now();
      this.#firstTokens = tokens;
    }
    this.generatedTokens += tokens;
  }

  /** The tokens of an incomplete character have no text, so they were not reported. */
  countAll(tokens: number): void {
    this.count(tokens - this.generatedTokens);
  }

  countDraft(tokens: number, right: number): void {
    const before = this.#draft ?? { tokens: 0, right: 0 };
    this.#draft = { tokens: before.tokens + tokens, right: before.right + right };
  }

  stats(): GenerationStats {
    const nowMs = performance.now();
    const firstMs = this.#firstTokenMs ?? nowMs;
    const { cachedTokens, computedTokens, startedMs } = this.prefilled ?? noPrefill(this.startedMs);
    // The first token means that the whole prompt was computed. Without it, only prefill's tokens were.
    const prefilledTokens = this.#firstTokenMs === null ? computedTokens : this.promptLength - cachedTokens;
    const perSecond = (tokens: number, ms: number) => (tokens > 0 && ms > 0 ? (tokens / ms) * 1000 : 0);
    return {
      promptTokens: this.promptLength,
      cachedTokens,
      generatedTokens: this.generatedTokens,
      timeToFirstTokenMs: firstMs - this.startedMs,
      // The first text may be of several tokens, such as an emoji: they were made before it came.
      tokensPerSecond: perSecond(this.generatedTokens - this.#firstTokens, nowMs - firstMs),
      prefillTokensPerSecond: perSecond(prefilledTokens, firstMs - startedMs),
      totalMs: nowMs - this.startedMs,
      ...(this.#draft && { draft: this.#draft }),
    };
  }
}

const noPrefill = (startedMs: number): PrefillResult => ({
  cachedTokens: 0,
  computedTokens: 0,
  startedMs,
  aborted: false,
});
