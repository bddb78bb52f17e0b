import type { GenerationStats } from "@/lib/schema/generation";

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

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
