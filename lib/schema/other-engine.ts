import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";

/** Servers whose further addresses are known. "other" speaks OpenAI's API and nothing else that we know. */
export const engineKindSchema = z.enum(["llama-server", "vllm", "sglang", "ollama", "lm-studio", "other"]);
export type EngineKind = z.infer<typeof engineKindSchema>;

const tokens = z.int().check(z.minimum(256), z.maximum(100_000_000));

/** A model of another engine; its context size is null where the server does not say it. */
export const engineModelSchema = z.object({ id: z.string(), contextTokens: z.nullable(z.int()) });
export type EngineModel = z.infer<typeof engineModelSchema>;

/** What a server was found to be. */
export const engineFoundSchema = z.object({ kind: engineKindSchema, models: z.array(engineModelSchema) });
export type EngineFound = z.infer<typeof engineFoundSchema>;

/** A server that answers in place of the engine of this process. Its key never leaves the web server. */
export const otherEngineSchema = z.extend(engineFoundSchema, {
  id: z.string(),
  name: z.string(),
  address: z.string(),
  hasKey: z.boolean(),
  /** As the user gave it, for models whose server does not say it. */
  contextTokens: z.nullable(z.int()),
  /** Why its models could not be listed just now. */
  problem: z.nullable(errorBodySchema),
});
export type OtherEngine = z.infer<typeof otherEngineSchema>;

/** In a choice: llama.cpp's server as a program that Headroom starts and stops itself, with the plan of the settings' model. */
export const LLAMA_SERVER_ID = "llama-server";

/** The engine and model that answer instead of this process's own engine. */
export const engineChoiceSchema = z.object({ engineId: z.string(), model: z.string() });
export type EngineChoice = z.infer<typeof engineChoiceSchema>;

const key = z
  .string()
  .check(z.trim(), z.maxLength(4096), z.regex(/^[\x21-\x7e]*$/, "must be one word, as it is sent in a header"));
const address = z.string().check(z.trim(), z.minLength(1), z.maxLength(2048));

/** What the user gives of a server. An empty key is no key. */
export const engineInputSchema = z.strictObject({
  address,
  name: z.optional(z.string().check(z.trim(), z.maxLength(60))),
  key: z.optional(key),
  contextTokens: z.optional(tokens),
});
export type EngineInput = z.infer<typeof engineInputSchema>;

/** What a server tells of its own load; null for what it does not tell. */
export const engineLoadSchema = z.object({
  /** Requests that it answers now, and those that wait. */
  running: z.nullable(z.int()),
  waiting: z.nullable(z.int()),
  /** How many it answers at most at once. */
  slots: z.nullable(z.int()),
  /** Share of its KV cache that is filled, 0 to 1. */
  kvUsedFraction: z.nullable(z.number()),
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
  /** null while nothing was read, or where the server tells nothing. */
  load: z.nullable(engineLoadSchema),
});
export type AnsweringEngine = z.infer<typeof answeringEngineSchema>;
