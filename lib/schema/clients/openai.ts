import * as z from "zod/mini";
import { MAX_TOP_LOGPROBS } from "../engine-commands";
import { planBadgeSchema } from "../models/local-model";
import { openAiSamplingShape } from "../settings/sampling";
import { settingRows } from "../settings/settings";
import { MAX_TOOLS } from "../tools";

/**
 * What OpenAI's clients and those of other local engines send. A key that this engine cannot support is accepted only with its neutral
 * value, so that no caller believes it had an effect. Keys that are not here are ignored, and the answer names them.
 */
const MAX_MESSAGES = 10_000;
const MAX_CHOICES = 16;

/** Parts of every type are let in here, so that a refusal can say which part it is and what it would need. */
const contentPartSchema = z.looseObject({ type: z.string(), text: z.optional(z.string()) });
const content = z.union([z.string(), z.array(contentPartSchema).check(z.minLength(1))]);
/** Of what came before: an empty list is nothing. */
const resultContent = z.union([z.string(), z.array(contentPartSchema)]);
export type OpenAiContent = z.infer<typeof content>;

/** A call of an earlier answer, as it was received. Some clients send the arguments as an object. */
const sentCallSchema = z.object({
  id: z.string(),
  type: z.optional(z.literal("function")),
  function: z.object({
    name: z.string(),
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
  }),
});

const messageSchema = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content, name: z.optional(z.string()) }),
  z.object({ role: z.literal("user"), content, name: z.optional(z.string()) }),
  z.object({
    role: z.literal("assistant"),
    content: z.nullish(resultContent),
    reasoning_content: z.nullish(z.string()),
    name: z.optional(z.string()),
    tool_calls: z.nullish(z.array(sentCallSchema)),
  }),
  // Some clients send no content for a tool without a result.
  z.object({ role: z.literal("tool"), content: z.nullish(resultContent), tool_call_id: z.string() }),
]);
export type OpenAiMessage = z.infer<typeof messageSchema>;

/** A key that only its absence makes neutral. */
const absentFor = (reason: string) => z.null().check(z.describe(`left out: ${reason}`));
export const absentSchema = z.null().check(z.describe("left out, because this engine cannot do it"));
const empty = z.array(z.unknown()).check(z.maxLength(0));
const asFormat = z.nullish(absentFor("send response_format or grammar"));

/** A key that changes nothing in an answer is taken in any form. */
export const anything = z.nullish(z.unknown());

/** Keys that are accepted only with their neutral value, unless a setting has their name. */
const neutralOnly = {
  modalities: z.nullish(z.array(z.literal("text"))),
  audio: z.nullish(absentSchema),
  web_search_options: z.nullish(absentSchema),
  /** Samplers of llama.cpp and others; front ends send them switched off. */
  mirostat: z.nullish(z.literal(0)),
  mirostat_mode: z.nullish(z.literal(0)),
  typical_p: z.nullish(z.literal(1)),
  tfs_z: z.nullish(z.literal(1)),
  top_a: z.nullish(z.literal(0)),
  top_n_sigma: z.nullish(z.literal(-1)),
  xtc_probability: z.nullish(z.literal(0)),
  dry_multiplier: z.nullish(z.literal(0)),
  dynatemp_range: z.nullish(z.literal(0)),
  ignore_eos: z.nullish(z.literal(false)),
  n_probs: z.nullish(z.literal(0)),
  /** vLLM and SGLang. */
  length_penalty: z.nullish(z.literal(1)),
  use_beam_search: z.nullish(z.literal(false)),
  min_tokens: z.nullish(z.literal(0)),
  stop_token_ids: z.nullish(empty),
  include_stop_str_in_output: z.nullish(z.literal(false)),
  bad_words: z.nullish(empty),
  structured_outputs: asFormat,
  guided_json: asFormat,
  guided_regex: asFormat,
  guided_choice: asFormat,
  guided_grammar: asFormat,
  regex: asFormat,
  ebnf: asFormat,
  /** OpenAI's own words until 2023. */
  functions: z.nullish(absentFor("send tools")),
  function_call: z.nullish(absentFor("send tool_choice")),
};

/** Keys that describe the caller or the service and change nothing in an answer. */
const withoutEffect = {
  user: anything,
  metadata: anything,
  store: anything,
  service_tier: anything,
  safety_identifier: anything,
  prompt_cache_key: anything,
  prompt_cache_retention: anything,
  /** A prediction only makes an answer faster, never another one. */
  prediction: anything,
  /** llama.cpp's server: the cache is always used, and its slots are not numbered here. */
  cache_prompt: anything,
  id_slot: anything,
};

const stopText = z.string().check(z.maxLength(256));
/** Token numbers with a bias; llama.cpp's server takes a list of pairs too, a text for its tokens, and false for never. */
const biasSchema = z.union([z.number(), z.literal(false)]);
const logitBiasSchema = z.union([
  z.record(z.string(), biasSchema),
  z.array(z.tuple([z.union([z.int(), z.string()]), biasSchema])),
]);
const mostTokens = z.union([z.literal(-1), z.int().check(z.minimum(1))]);

const sampling = {
  ...openAiSamplingShape,
  // OpenAI accepts any seed and a stop string without a list, and refuses an answer of 0 tokens.
  seed: z.nullish(z.int()),
  // Clients send an empty text for no stop string, and -1 for no limit.
  stop: z.nullish(z.union([stopText, z.array(stopText).check(z.maxLength(16))])),
  max_tokens: z.nullish(mostTokens),
  /** llama.cpp's name for it. */
  n_predict: z.nullish(mostTokens),
  /** The name that vLLM and SGLang have for repeat_penalty. */
  repetition_penalty: z.nullish(settingRows.REPEAT_PENALTY.schema),
  top_k: z.nullish(z.union([z.literal(-1), settingRows.TOP_K.schema])),
  logit_bias: z.nullish(logitBiasSchema),
};

const delivery = {
  model: z.nullish(z.string().check(z.maxLength(1024))),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(
    z.object({ include_usage: z.nullish(z.boolean()), include_obfuscation: z.nullish(z.boolean()) }),
  ),
  n: z.nullish(z.int().check(z.minimum(1), z.maximum(MAX_CHOICES))),
  /** llama.cpp's server: times in each chunk, how far the prompt is read, and the prompt in its template. */
  timings_per_token: z.nullish(z.boolean()),
  return_progress: z.nullish(z.boolean()),
  verbose: z.nullish(z.boolean()),
};

const schemaObject = z.record(z.string(), z.unknown());

const functionToolSchema = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().check(z.regex(/^[\w.-]{1,128}$/)),
    description: z.nullish(z.string()),
    parameters: z.nullish(schemaObject),
    strict: z.nullish(z.boolean()),
  }),
});
const toolChoiceSchema = z.union([
  z.enum(["none", "auto", "required"]),
  z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
]);

const MAX_GRAMMAR_CHARACTERS = 1_000_000;

const responseFormatSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  // llama.cpp and Fireworks take a schema here too.
  z.object({ type: z.literal("json_object"), schema: z.nullish(schemaObject) }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ name: z.nullish(z.string()), strict: z.nullish(z.boolean()), schema: schemaObject }),
  }),
]);

/** The form of an answer. One of them at most. */
const form = {
  response_format: z.nullish(responseFormatSchema),
  /** As in llama.cpp's server: a grammar in its GBNF, or a schema without more words around it. */
  grammar: z.nullish(z.string().check(z.maxLength(MAX_GRAMMAR_CHARACTERS))),
  json_schema: z.nullish(schemaObject),
};

const topLogprobs = z.int().check(z.minimum(0), z.maximum(MAX_TOP_LOGPROBS));

export const chatCompletionRequestSchema = z.looseObject({
  ...delivery,
  ...form,
  ...neutralOnly,
  ...sampling,
  ...withoutEffect,
  messages: z.array(messageSchema).check(z.minLength(1), z.maxLength(MAX_MESSAGES)),
  max_completion_tokens: z.nullish(mostTokens),
  logprobs: z.nullish(z.boolean()),
  top_logprobs: z.nullish(topLogprobs),
  /** Both have an effect only where the model's chat template knows them. */
  reasoning_effort: z.nullish(z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
  chat_template_kwargs: z.nullish(z.record(z.string(), z.json())),
  /** As vLLM and llama.cpp's server name it. A last message of the assistant's is always continued. */
  continue_final_message: z.nullish(z.boolean()),
  add_generation_prompt: z.nullish(z.boolean()),
  tools: z.nullish(z.array(functionToolSchema).check(z.maxLength(MAX_TOOLS))),
  tool_choice: z.nullish(toolChoiceSchema),
  parallel_tool_calls: z.nullish(z.boolean()),
});
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>;

/** The parts of a chat completion that make its prompt. */
export const chatPromptSchema = z.pick(chatCompletionRequestSchema, {
  messages: true,
  tools: true,
  tool_choice: true,
  parallel_tool_calls: true,
  reasoning_effort: true,
  chat_template_kwargs: true,
});
export type ChatPrompt = z.infer<typeof chatPromptSchema>;

const MAX_PROMPTS = 64;
const promptTokens = z.array(z.int()).check(z.minLength(1));

export const completionRequestSchema = z.looseObject({
  ...delivery,
  ...form,
  ...neutralOnly,
  ...sampling,
  ...withoutEffect,
  logprobs: z.nullish(z.union([topLogprobs, z.literal(false)])),
  prompt: z.union([
    z.string(),
    z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_PROMPTS)),
    promptTokens,
    z.array(promptTokens).check(z.minLength(1), z.maxLength(MAX_PROMPTS)),
  ]),
  best_of: z.nullish(z.int().check(z.minimum(1), z.maximum(MAX_CHOICES))),
  echo: z.nullish(z.boolean()),
  suffix: z.nullish(z.string()),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

/** The keys that say how an answer is delivered. */
export type DeliveryOptions = Pick<CompletionRequest, keyof typeof delivery>;

/** The sampling values and the form that both kinds of request have. */
export type CompletionSampling = Pick<CompletionRequest, keyof typeof sampling | keyof typeof form>;

/** The keys of a request that its schema does not know. They have no effect. */
export const unknownFields = ({ shape }: { readonly shape: object }, request: object): string[] =>
  Object.keys(request).filter(key => !Object.hasOwn(shape, key));

/** As many inputs in one request as OpenAI takes. */
const MAX_EMBEDDING_INPUTS = 2048;
const embeddingText = z.string().check(z.minLength(1));

export const embeddingsRequestSchema = z.looseObject({
  model: z.nullish(z.string().check(z.maxLength(1024))),
  input: z.union([
    embeddingText,
    z.array(embeddingText).check(z.minLength(1), z.maxLength(MAX_EMBEDDING_INPUTS)),
    z.array(z.int()).check(z.minLength(1)),
    z.array(z.array(z.int()).check(z.minLength(1))).check(z.minLength(1), z.maxLength(MAX_EMBEDDING_INPUTS)),
  ]),
  encoding_format: z.nullish(z.enum(["float", "base64"])),
  dimensions: z.nullish(z.int().check(z.minimum(1))),
  user: anything,
});

export const embeddingsSchema = z.object({
  object: z.literal("list"),
  model: z.string(),
  data: z.array(
    z.object({
      object: z.literal("embedding"),
      index: z.int(),
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
});

/** One model as OpenAI lists it, with what else is known of it. */
export const openAiModelSchema = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.literal("headroom"),
  /** Anthropic's clients show these two; the time is that of `created`, in words. */
  display_name: z.string(),
  created_at: z.iso.datetime(),
  type: z.enum(["llm", "embeddings"]),
  state: z.enum(["loaded", "loading", "not-loaded"]),
  /** Of the loaded context, or the one that the settings ask for. */
  context_length: z.int(),
  /** What the model was made for. This and the rest is null for the model of another engine, of which only the name is known. */
  max_context_length: z.nullable(z.int()),
  architecture: z.nullable(z.string()),
  quantization: z.nullable(z.string()),
  parameters: z.nullable(z.number()),
  size_bytes: z.nullable(z.int()),
  /** Where its layers would go now; null for a model that is not planned. */
  plan: z.nullable(planBadgeSchema),
});

/** GET /v1/models. Anthropic's clients read pages: this is the only one. */
export const openAiModelsSchema = z.object({
  object: z.literal("list"),
  data: z.array(openAiModelSchema),
  has_more: z.literal(false),
  first_id: z.nullable(z.string()),
  last_id: z.nullable(z.string()),
});
