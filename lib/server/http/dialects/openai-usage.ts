import type { GenerationStats } from "@/lib/schema/generation";
import { sum } from "@/lib/units/sum";
import type { AnswerPart } from "./answer-request";

/** The tokens of a request. A prompt counts once, however many choices answer it. */
export function openAiUsage(all: readonly GenerationStats[], choicesPerPrompt: number) {
  const first = all.filter((_, choice) => choice % choicesPerPrompt === 0);
  const prompt = sum(first.map(stats => stats.promptTokens));
  const completion = sum(all.map(stats => stats.generatedTokens));
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(first.map(stats => stats.cachedTokens)) },
  };
}

const perToken = (ms: number, tokens: number): number => (tokens > 0 ? ms / tokens : 0);

/** Times as llama.cpp's own server reports them. */
export function llamaTimings(stats: GenerationStats) {
  const { promptTokens, cachedTokens, generatedTokens, prefillTokensPerSecond, timeToFirstTokenMs, totalMs } = stats;
  const promptCount = promptTokens - cachedTokens;
  const promptMs = prefillTokensPerSecond > 0 ? (promptCount / prefillTokensPerSecond) * 1000 : 0;
  const predictedMs = Math.max(0, totalMs - timeToFirstTokenMs);
  return {
    cache_n: cachedTokens,
    prompt_n: promptCount,
    prompt_ms: promptMs,
    prompt_per_token_ms: perToken(promptMs, promptCount),
    prompt_per_second: prefillTokensPerSecond,
    predicted_n: generatedTokens,
    predicted_ms: predictedMs,
    predicted_per_token_ms: perToken(predictedMs, generatedTokens),
    predicted_per_second: stats.tokensPerSecond,
  };
}

/** How far a prompt is read, as llama.cpp's own server reports it. */
export class PromptProgress {
  readonly #startedMs = performance.now();
  readonly #last = new Map<number, { total: number; cache: number; processed: number; time_ms: number }>();

  /** The report that this part gives rise to; null for none. The last piece of a prompt is read together with the first token. */
  after(part: AnswerPart) {
    const last = this.#last.get(part.choice);
    const timeMs = Math.round(performance.now() - this.#startedMs);
    if (part.type === "prefill") {
      const { doneTokens, totalTokens } = part;
      const report = { total: totalTokens, cache: last?.cache ?? doneTokens, processed: doneTokens, time_ms: timeMs };
      this.#last.set(part.choice, report);
      return report;
    }
    if (part.type !== "text" || last === undefined || last.processed === last.total) return null;
    const report = { ...last, processed: last.total, time_ms: timeMs };
    this.#last.set(part.choice, report);
    return report;
  }
}

/** Times of an answer that is still written, of the kind that `llamaTimings` gives at its end. */
export class RunningTimings {
  readonly #choices = new Map<number, GenerationStats & { readonly startedMs: number; readonly firstMs: number }>();

  after(part: AnswerPart) {
    const nowMs = performance.now();
    const { startedMs, ...before } = this.#choices.get(part.choice) ?? { ...noStats, startedMs: nowMs, firstMs: nowMs };
    if (part.type === "prefill" && before.promptTokens === 0)
      this.#choices.set(part.choice, {
        ...before,
        startedMs,
        promptTokens: part.totalTokens,
        cachedTokens: part.doneTokens,
      });
    if (part.type !== "text") return null;
    const firstMs = before.generatedTokens === 0 ? nowMs : before.firstMs;
    const generatedTokens = before.generatedTokens + part.tokens;
    const perSecond = (tokens: number, ms: number) => (tokens > 0 && ms > 0 ? (tokens / ms) * 1000 : 0);
    const stats = {
      ...before,
      firstMs,
      startedMs,
      generatedTokens,
      timeToFirstTokenMs: firstMs - startedMs,
      totalMs: nowMs - startedMs,
      tokensPerSecond: perSecond(generatedTokens - 1, nowMs - firstMs),
      prefillTokensPerSecond: perSecond(before.promptTokens - before.cachedTokens, firstMs - startedMs),
    };
    this.#choices.set(part.choice, stats);
    return llamaTimings(stats);
  }
}

const noStats: GenerationStats = {
  promptTokens: 0,
  cachedTokens: 0,
  generatedTokens: 0,
  timeToFirstTokenMs: 0,
  tokensPerSecond: 0,
  prefillTokensPerSecond: 0,
  totalMs: 0,
};
