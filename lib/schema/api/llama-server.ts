import * as z from "zod/mini";
import { chatPromptSchema } from "../clients/openai";
import type { Endpoint } from "../endpoint";
import { namedSamplingShape } from "../settings/sampling";
import { countChatTokens, responses } from "./openai";
import { loadErrors } from "./shared-errors";

/** The routes that llama.cpp's own server has beside OpenAI's. All of them only read. */

const textOrToken = z.union([z.string(), z.int()]);

/** The tokens of a text in the loaded model's vocabulary. Parts of a list that are numbers are tokens already. */
export const tokenize = {
  method: "POST",
  path: "/tokenize",
  body: z.object({
    content: z.union([z.string(), z.array(textOrToken)]),
    add_special: z._default(z.boolean(), false),
    parse_special: z._default(z.boolean(), true),
    with_pieces: z._default(z.boolean(), false),
  }),
  reply: z.object({
    tokens: z.union([
      z.array(z.int()),
      /** A piece is a list of bytes where the token is only a part of a character. */
      z.array(z.object({ id: z.int(), piece: z.union([z.string(), z.array(z.int())]) })),
    ]),
  }),
  errors: loadErrors,
} as const satisfies Endpoint;

/** The text of tokens, special ones included. */
export const detokenize = {
  method: "POST",
  path: "/detokenize",
  body: z.object({ tokens: z.array(z.int()).check(z.maxLength(1_000_000)) }),
  reply: z.object({ content: z.string() }),
  errors: loadErrors,
} as const satisfies Endpoint;

/** The prompt that a conversation and its tools make in the loaded model's chat template. Nothing is answered. */
export const applyTemplate = {
  method: "POST",
  path: "/apply-template",
  body: chatPromptSchema,
  reply: z.object({ prompt: z.string() }),
  errors: loadErrors,
} as const satisfies Endpoint;

const { max_tokens: _, ...withoutLimit } = namedSamplingShape;

/** What is loaded, in the words of llama.cpp's server. Loads nothing. */
export const readProps = {
  method: "GET",
  path: "/props",
  reply: z.object({
    default_generation_settings: z.object({
      n_ctx: z.int(),
      params: z.object({ ...withoutLimit, n_predict: z.int() }),
    }),
    total_slots: z.int(),
    model_alias: z.string(),
    /** Empty while nothing is loaded, as are the next three. */
    model_path: z.string(),
    chat_template: z.string(),
    bos_token: z.string(),
    eos_token: z.string(),
    modalities: z.object({ vision: z.boolean(), audio: z.literal(false) }),
    build_info: z.string(),
    is_sleeping: z.boolean(),
  }),
} as const satisfies Endpoint;

const healthReply = z.object({ status: z.literal("ok") });

/** Whether a request would be answered now: 503 while a model is being loaded, or when none can be. Needs no key. */
export const health = {
  method: "GET",
  path: "/health",
  reply: healthReply,
  errors: ["BUSY", "ENGINE_FAILED"],
} as const satisfies Endpoint;

/** Whether a request would be answered now: 503 while a model is being loaded, or when none can be. Needs no key. */
export const v1Health = { ...health, path: "/v1/health" } as const satisfies Endpoint;

/** Counters since the start, for Prometheus. */
export const readMetrics = {
  method: "GET",
  path: "/metrics",
  sends: "Prometheus text: llama.cpp's names, and ours for memory, queue and restarts",
} as const satisfies Endpoint;

/** The sequences of the loaded context. Empty while nothing is loaded. */
export const readSlots = {
  method: "GET",
  path: "/slots",
  reply: z.array(z.object({ id: z.int(), n_ctx: z.int(), is_processing: z.boolean() })),
} as const satisfies Endpoint;

/** The tokens of a conversation and its tools in the loaded model's template. Nothing is answered. */
export const countChatTokensAsLlama = {
  ...countChatTokens,
  path: "/chat/completions/input_tokens",
} as const satisfies Endpoint;

/** Answers in the words of OpenAI's Responses API, whole or as a stream. Nothing is kept: each request brings the whole conversation. */
export const responsesAsLlama = { ...responses, path: "/responses" } as const satisfies Endpoint;
