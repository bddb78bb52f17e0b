import * as z from "zod/mini";

export const generationStatsSchema = z.object({
  promptTokens: z.int().check(z.minimum(0)),
  /** The prompt tokens that were taken from the cache and not computed. */
  cachedTokens: z.int().check(z.minimum(0)),
  generatedTokens: z.int().check(z.minimum(0)),
  timeToFirstTokenMs: z.number(),
  /** Decode speed: the tokens after the first, divided by the time after the first. 0 when there were fewer than two. */
  tokensPerSecond: z.number(),
  /** Prefill speed, counting only computed tokens; 0 when there were none. */
  prefillTokensPerSecond: z.number(),
  totalMs: z.number(),
  /** Tokens that were guessed and checked, and those of them that were right; absent if none were. */
  draft: z.optional(z.object({ tokens: z.int(), right: z.int() })),
});
export type GenerationStats = z.infer<typeof generationStatsSchema>;

const tokenChoiceSchema = z.object({
  id: z.int(),
  /** The token's own text; a token that is a part of a character has a replacement character. */
  token: z.string(),
  /** Natural logarithm of the model's own probability, before any sampling setting changes it. */
  logprob: z.number(),
});
/** A token of an answer, and the likeliest tokens at its place. */
export const tokenLogprobSchema = z.extend(tokenChoiceSchema, { top: z.array(tokenChoiceSchema) });
export type TokenLogprob = z.infer<typeof tokenLogprobSchema>;

export const finishReasonSchema = z.enum(["stop", "length", "context", "cancelled"]);
export type FinishReason = z.infer<typeof finishReasonSchema>;
