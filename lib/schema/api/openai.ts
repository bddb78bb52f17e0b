import * as z from "zod/mini";
import type { ErrorCode } from "../api-error";
import {
  chatCompletionRequestSchema,
  chatPromptSchema,
  completionRequestSchema,
  embeddingsRequestSchema,
  embeddingsSchema,
  openAiModelSchema,
  openAiModelsSchema,
} from "../clients/openai";
import { responsesRequestSchema } from "../clients/responses";
import type { Endpoint } from "../endpoint";
import { loadErrors } from "./shared-errors";

const answerErrors = [...loadErrors, "CONTEXT_EXCEEDED"] as const satisfies ErrorCode[];

/** The models of the library. The chosen one comes first, and it is the one that answers. */
export const listOpenAiModels = {
  method: "GET",
  path: "/v1/models",
  reply: openAiModelsSchema,
} as const satisfies Endpoint;

/** One model of the library. */
export const readOpenAiModel = {
  method: "GET",
  path: "/v1/models/[...id]",
  params: z.object({ id: z.array(z.string()).check(z.minLength(1)) }),
  reply: openAiModelSchema,
  errors: ["MODEL_NOT_FOUND"],
} as const satisfies Endpoint;

/** Answers a conversation, whole or as a stream. */
export const chatCompletions = {
  method: "POST",
  path: "/v1/chat/completions",
  body: chatCompletionRequestSchema,
  sends:
    "OpenAI's `chat.completion`, or with `stream` events of `chat.completion.chunk`, after comments like `: queued 2` while others are answered first",
  errors: answerErrors,
} as const satisfies Endpoint;

/** Continues a text, whole or as a stream. */
export const completions = {
  method: "POST",
  path: "/v1/completions",
  body: completionRequestSchema,
  sends: "OpenAI's `text_completion`, or with `stream` events of it",
  errors: answerErrors,
} as const satisfies Endpoint;

/** Answers in the words of OpenAI's Responses API, whole or as a stream. Nothing is kept: each request brings the whole conversation. */
export const responses = {
  method: "POST",
  path: "/v1/responses",
  body: responsesRequestSchema,
  sends:
    "OpenAI's `response`, or with `stream` its events from `response.created` to `response.completed`, `response.incomplete` or `response.failed`. A `warning` header names fields of the request that mean nothing here",
  errors: answerErrors,
} as const satisfies Endpoint;

/**
 * Vectors of unit length for texts or lists of tokens. An embedding model of the library makes them on the processor, beside the chat
 * model; it is unloaded after five minutes without use. A name that the library does not have means the first embedding model.
 */
export const embeddings = {
  method: "POST",
  path: "/v1/embeddings",
  body: embeddingsRequestSchema,
  reply: embeddingsSchema,
  errors: answerErrors,
} as const satisfies Endpoint;

/**
 * The tokens of a conversation and its tools in the loaded model's template. Nothing is answered. The body is that of a chat completion,
 * of which only what makes the prompt is read.
 */
export const countChatTokens = {
  method: "POST",
  path: "/v1/chat/completions/input_tokens",
  body: chatPromptSchema,
  reply: z.object({ object: z.literal("response.input_tokens"), input_tokens: z.int() }),
  errors: answerErrors,
} as const satisfies Endpoint;
