import * as z from "zod/mini";
import { countTokensRequestSchema, messagesRequestSchema } from "../clients/anthropic";
import type { Endpoint } from "../endpoint";
import { loadErrors } from "./shared-errors";

/** Answers a conversation in the words of Anthropic's Messages API, whole or as a stream. */
export const createMessage = {
  method: "POST",
  path: "/v1/messages",
  body: messagesRequestSchema,
  sends:
    "Anthropic's `message`, or with `stream` its events `message_start`, `content_block_start`, `content_block_delta`, `content_block_stop`, `message_delta` and `message_stop`. A `warning` header names fields of the request that mean nothing here; errors have Anthropic's shape",
  errors: [...loadErrors, "CONTEXT_EXCEEDED"],
} as const satisfies Endpoint;

/** The tokens of a conversation in the loaded model's template. Nothing is answered. */
export const countMessageTokens = {
  method: "POST",
  path: "/v1/messages/count_tokens",
  body: countTokensRequestSchema,
  reply: z.object({ input_tokens: z.int() }),
  errors: loadErrors,
} as const satisfies Endpoint;
