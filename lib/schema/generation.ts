import * as z from "zod/mini";

export const generationStatsSchema = z.object({
  promptTokens: z.int().check(z.minimum(0)),
  /** Of these, taken from the cache without computing. */
  cachedTokens: z.int().check(z.minimum(0)),
  generatedTokens: z.int().check(z.minimum(0)),
  timeToFirstTokenMs: z.number(),
  /** Decode speed: tokens after the first over the time after the first. 0 when there were fewer than two. */
  tokensPerSecond: z.number(),
  /** Prefill speed over the tokens that were computed; 0 when none were. */
  prefillTokensPerSecond: z.number(),
  totalMs: z.number(),
});
export type GenerationStats = z.infer<typeof generationStatsSchema>;

export const finishReasonSchema = z.enum(["stop", "length", "context", "cancelled"]);
export type FinishReason = z.infer<typeof finishReasonSchema>;
