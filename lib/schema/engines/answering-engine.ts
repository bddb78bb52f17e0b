import * as z from "zod/mini";

/** Servers whose further addresses are known. "other" speaks OpenAI's API and nothing else that we know. */
export const engineKindSchema = z.enum(["llama-server", "vllm", "sglang", "ollama", "lm-studio", "other"]);
export type EngineKind = z.infer<typeof engineKindSchema>;

/** What a server reports about its own load; null for what it does not report. */
export const engineLoadSchema = z.object({
  /** Requests that it answers now, and those that wait. */
  running: z.nullable(z.int()),
  waiting: z.nullable(z.int()),
  /** How many it answers at most at once. */
  slots: z.nullable(z.int()),
  /** Share of its KV cache that is filled, 0 to 1. */
  kvUsedFraction: z.nullable(z.number()),
  /** The same of the context of its fullest slot. */
  fullestSlotFraction: z.nullable(z.number()),
  promptTokensPerSecond: z.nullable(z.number()),
  tokensPerSecond: z.nullable(z.number()),
  /** Memory of its cards for the model. */
  vramBytes: z.nullable(z.int()),
});
export type EngineLoad = z.infer<typeof engineLoadSchema>;

/** Who answers, while that is not the engine of this process. */
export const answeringEngineSchema = z.object({
  engineId: z.string(),
  engineName: z.string(),
  kind: engineKindSchema,
  address: z.string(),
  model: z.string(),
  contextTokens: z.int(),
  takesPictures: z.boolean(),
  /** null while nothing was read, or where the server tells nothing. */
  load: z.nullable(engineLoadSchema),
});
export type AnsweringEngine = z.infer<typeof answeringEngineSchema>;
