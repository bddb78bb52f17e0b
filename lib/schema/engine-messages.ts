import * as z from "zod/mini";
import { errorCodeSchema } from "./api-error";
import { gpuBackendSchema } from "./gpu-memory";
import { bufferSplitSchema, buffersSchema, loadConfigSchema } from "./load-config";
import { memorySurfaceSchema } from "./memory-surface";

/**
 * The whole language between the web server and the engine process.
 * Every command carries an `id`; every answer repeats it. `generation` names the child that a message belongs to, so that
 * late messages of a killed child are dropped.
 */
const id = z.string().check(z.minLength(1), z.maxLength(64));

export const chatTurnSchema = z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() });
export type ChatTurn = z.infer<typeof chatTurnSchema>;

export const samplingSchema = z.object({
  temperature: z.number(),
  topK: z.int(),
  topP: z.number(),
  minP: z.number(),
  repeatPenalty: z.number(),
  /** null: a new one for each answer. */
  seed: z.nullable(z.int()),
  /** 0: what the context has left. */
  maxTokens: z.int().check(z.minimum(0)),
  stop: z.array(z.string()),
  /** Constrains the output; at most one of the two. */
  jsonSchema: z.optional(z.unknown()),
  grammar: z.optional(z.string()),
});
export type Sampling = z.infer<typeof samplingSchema>;

export const engineCommandSchema = z.discriminatedUnion("type", [
  /** Fills a header-only surface with dry runs; answers `surface`. */
  z.object({
    type: z.literal("sample-surface"),
    id,
    modelPath: z.string(),
    useMmap: z.boolean(),
    surface: memorySurfaceSchema,
    /** How long it may take; the default is what a page can wait for. */
    budgetMs: z.optional(z.int().check(z.minimum(0), z.maximum(600_000))),
  }),
  /** One dry run of exactly this configuration; answers `dry-run`. */
  z.object({ type: z.literal("dry-run"), id, config: loadConfigSchema }),
  /** Loads model and context, replacing what is loaded; only a new context where the weights may stay. Answers `progress`*, then `loaded`. */
  z.object({ type: z.literal("load"), id, config: loadConfigSchema }),
  z.object({ type: z.literal("unload"), id }),
  /**
   * Answers a conversation. The last turn is the user's, or an assistant's that is to be continued. `cacheKey` (a chat id) keeps its prefix
   * on one sequence. Answers `prefill`*, `text`*, then `finished`.
   */
  z.object({
    type: z.literal("generate"),
    id,
    turns: z.array(chatTurnSchema).check(z.minLength(1)),
    sampling: samplingSchema,
    cacheKey: z.optional(z.string()),
  }),
  /** Plain completion of a raw prompt (the OpenAI completions route). */
  z.object({ type: z.literal("complete"), id, prompt: z.string(), sampling: samplingSchema }),
  /** How many tokens these turns take in the loaded model's template, turn by turn; answers `counted`. */
  z.object({ type: z.literal("count"), id, turns: z.array(chatTurnSchema) }),
  z.object({ type: z.literal("cancel"), id, target: id }),
  /** Reads the device's memory through the backend; answers `vram`. */
  z.object({ type: z.literal("vram"), id }),
  z.object({ type: z.literal("shutdown"), id }),
]);
export type EngineCommand = z.infer<typeof engineCommandSchema>;

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

export const engineInfoSchema = z.object({
  backend: gpuBackendSchema,
  /** False when a GPU backend was asked for and could not start. */
  gpuUsable: z.boolean(),
  devices: z.array(z.string()),
  /** Memory of these devices together, as the backend counts it. Missing: not asked. */
  deviceTotalBytes: z.optional(z.int().check(z.minimum(0))),
  llamaCppRelease: z.string(),
  nodeLlamaCppVersion: z.string(),
  buildType: z.enum(["prebuilt", "localBuild"]),
  mathCores: z.int(),
  /** Why there is no GPU, from the backend's own words, where it says. */
  gpuProblem: z.nullable(z.string()),
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;

export const vramSchema = z.object({
  totalBytes: z.int().check(z.minimum(0)),
  usedBytes: z.int().check(z.minimum(0)),
  freeBytes: z.int().check(z.minimum(0)),
  unifiedBytes: z.int().check(z.minimum(0)),
});
export type Vram = z.infer<typeof vramSchema>;

export const engineMessageSchema = z.discriminatedUnion("type", [
  /** First message of a child: the backend is up. */
  z.object({ type: z.literal("ready"), info: engineInfoSchema, vram: z.nullable(vramSchema) }),
  /** Every second, and never while the child is stuck: it is sent from the same event loop. */
  z.object({ type: z.literal("heartbeat"), busyWith: z.nullable(id) }),
  z.object({
    type: z.literal("progress"),
    id,
    phase: z.enum(["weights", "context", "surface"]),
    fraction: z.number().check(z.minimum(0), z.maximum(1)),
  }),
  z.object({ type: z.literal("surface"), id, surface: memorySurfaceSchema, dryRuns: z.int(), elapsedMs: z.number() }),
  z.object({ type: z.literal("dry-run"), id, buffers: buffersSchema }),
  z.object({
    type: z.literal("loaded"),
    id,
    config: loadConfigSchema,
    buffers: buffersSchema,
    split: bufferSplitSchema,
    reused: z.enum(["nothing", "weights", "everything"]),
    elapsedMs: z.number(),
    vramBefore: z.nullable(vramSchema),
    vramAfter: z.nullable(vramSchema),
    flashAttentionActive: z.nullable(z.boolean()),
    templateWarning: z.nullable(z.string()),
  }),
  z.object({ type: z.literal("unloaded"), id }),
  z.object({ type: z.literal("prefill"), id, doneTokens: z.int(), totalTokens: z.int() }),
  /** Text so far is the concatenation of all of these; each is whole, valid Unicode. `thought` marks a reasoning segment. */
  z.object({ type: z.literal("text"), id, text: z.string(), tokens: z.int(), thought: z.boolean() }),
  z.object({ type: z.literal("finished"), id, reason: finishReasonSchema, stats: generationStatsSchema }),
  z.object({ type: z.literal("counted"), id, tokensPerTurn: z.array(z.int()), totalTokens: z.int() }),
  z.object({ type: z.literal("vram"), id, vram: z.nullable(vramSchema) }),
  z.object({ type: z.literal("log"), level: z.enum(["error", "warn", "info", "debug"]), text: z.string() }),
  z.object({
    type: z.literal("error"),
    id,
    code: errorCodeSchema,
    message: z.string(),
    /** For OUT_OF_MEMORY where the backend told: how much was missing. For CONTEXT_EXCEEDED: the counts. */
    deficitBytes: z.optional(z.int()),
    promptTokens: z.optional(z.int()),
    contextTokens: z.optional(z.int()),
  }),
]);
export type EngineMessage = z.infer<typeof engineMessageSchema>;

/** On the wire each direction is wrapped with the generation of the child. */
export const commandEnvelopeSchema = z.object({ generation: z.int(), command: engineCommandSchema });
export const messageEnvelopeSchema = z.object({ generation: z.int(), message: engineMessageSchema });

/**
 * Environment of the child, set by the supervisor before it starts:
 * HEADROOM_ENGINE_GPU = auto | cuda | vulkan | metal | off; HEADROOM_ENGINE_GENERATION; HEADROOM_ENGINE_BUILD = prebuilt | lastBuild.
 */
export const engineEnvSchema = z.object({
  HEADROOM_ENGINE_GPU: z._default(z.enum(["auto", "cuda", "vulkan", "metal", "off"]), "auto"),
  HEADROOM_ENGINE_GENERATION: z._default(z.coerce.number().check(z.int()), 0),
  HEADROOM_ENGINE_BUILD: z._default(z.enum(["prebuilt", "lastBuild"]), "prebuilt"),
});
