import * as z from "zod/mini";
import { openAiSamplingShape } from "./sampling";
import { settingRows } from "./settings";

/**
 * What OpenAI's clients send. Every documented key is known. A key that this engine cannot support is accepted only with its
 * neutral value, so that no caller believes it had an effect.
 */
const MAX_MESSAGES = 10_000;

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const content = z.union([z.string(), z.array(textPart).check(z.minLength(1))]);

const messageSchema = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content, name: z.optional(z.string()) }),
  z.object({ role: z.literal("user"), content, name: z.optional(z.string()) }),
  z.object({ role: z.literal("assistant"), content: z.nullable(content), name: z.optional(z.string()) }),
]);
export type OpenAiMessage = z.infer<typeof messageSchema>;

const optional = <Schema extends z.ZodMiniType>(schema: Schema) => z.nullish(schema);

/** Keys that are accepted only with their neutral value. */
const neutralOnly = {
  n: optional(z.literal(1)),
  frequency_penalty: optional(z.literal(0)),
  presence_penalty: optional(z.literal(0)),
  logprobs: optional(z.literal(false)),
  top_logprobs: optional(z.literal(0)),
  logit_bias: optional(z.strictObject({})),
  tools: optional(z.array(z.unknown()).check(z.maxLength(0))),
  tool_choice: optional(z.enum(["none", "auto"])),
  parallel_tool_calls: optional(z.boolean()),
  modalities: optional(z.array(z.literal("text"))),
};

/** Keys that describe the caller or the service and change nothing in an answer. */
const withoutEffect = {
  user: optional(z.string()),
  metadata: optional(z.record(z.string(), z.string())),
  store: optional(z.literal(false)),
  service_tier: optional(z.string()),
  safety_identifier: optional(z.string()),
  prompt_cache_key: optional(z.string()),
};

const sampling = {
  ...openAiSamplingShape,
  // OpenAI accepts any seed and a stop string without a list, and refuses an answer of 0 tokens.
  seed: optional(z.int()),
  stop: optional(z.union([z.string().check(z.minLength(1), z.maxLength(256)), settingRows.STOP.schema])),
  max_tokens: optional(z.int().check(z.minimum(1))),
};

const delivery = {
  model: optional(z.string().check(z.maxLength(1024))),
  stream: optional(z.boolean()),
  stream_options: optional(
    z.strictObject({ include_usage: optional(z.boolean()), include_obfuscation: optional(z.boolean()) }),
  ),
};

const responseFormatSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ name: z.string(), schema: z.record(z.string(), z.unknown()) }),
  }),
]);

export const chatCompletionRequestSchema = z.strictObject({
  ...delivery,
  ...sampling,
  ...neutralOnly,
  ...withoutEffect,
  messages: z.array(messageSchema).check(z.minLength(1), z.maxLength(MAX_MESSAGES)),
  max_completion_tokens: optional(z.int().check(z.minimum(1))),
  response_format: optional(responseFormatSchema),
});
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>;

export const completionRequestSchema = z.strictObject({
  ...delivery,
  ...sampling,
  ...neutralOnly,
  ...withoutEffect,
  logprobs: optional(z.literal(0)),
  prompt: z.union([z.string().check(z.minLength(1)), z.array(z.string().check(z.minLength(1))).check(z.length(1))]),
  best_of: optional(z.literal(1)),
  echo: optional(z.literal(false)),
  suffix: optional(z.literal("")),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

/** The sampling values that both kinds of request have. */
export type CompletionSampling = Pick<CompletionRequest, keyof typeof sampling>;

/** GET /v1/models */
export const openAiModelsSchema = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.literal("headroom") }),
  ),
});
