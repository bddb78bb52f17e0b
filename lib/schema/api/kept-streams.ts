import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";

/** An answer that its client can come back to, in the words of llama.cpp's server. */

const conversationId = z.string().check(z.minLength(1), z.maxLength(512));

/**
 * The stream of an answer whose request had the header `X-Conversation-Id`, from this many bytes after its beginning, and then as it is
 * written. Such an answer is written to its end also when its client leaves, and is kept for five minutes after it, the last 4 MiB of it,
 * for the API key that asked for it.
 */
export const followKeptStream = {
  method: "GET",
  path: "/v1/stream",
  query: z.object({
    conv_id: conversationId,
    from: z._default(z.pipe(z.coerce.number(), z.int().check(z.minimum(0))), 0),
  }),
  sends: "the bytes of the stream: server-sent events of the API that was asked",
  errors: ["NOT_FOUND"],
} as const satisfies Endpoint;

/** Ends such an answer and forgets it. 204, also for one that is not there. */
export const stopKeptStream = {
  method: "DELETE",
  path: "/v1/stream",
  query: z.object({ conv_id: conversationId }),
  sends: "nothing",
} as const satisfies Endpoint;

/** Which of these answers are kept. An id also finds those that have `::` and a model's name after it. */
export const lookUpKeptStreams = {
  method: "POST",
  path: "/v1/streams/lookup",
  body: z.object({ conversation_ids: z.array(conversationId).check(z.maxLength(1_000)) }),
  reply: z.array(
    z.object({
      conversation_id: z.string(),
      is_done: z.boolean(),
      total_bytes: z.int(),
      /** In seconds since 1970; 0 for an answer that is being written. */
      started_at: z.int(),
      completed_at: z.int(),
    }),
  ),
} as const satisfies Endpoint;
