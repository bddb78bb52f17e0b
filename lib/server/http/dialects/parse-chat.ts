import * as z from "zod";
import { type ChatCompletionRequest, chatCompletionRequestSchema } from "@/lib/schema/openai";
import { explainIssue } from "@/lib/server/system/explain-issue";
import { RequestError } from "@/lib/server/system/request-error";

/**
 * A request of another dialect, after it was written as a chat completion. It goes through the same checks as one that a client wrote.
 *
 * @throws RequestError INVALID_INPUT
 */
export function parseChat(body: object): ChatCompletionRequest {
  const result = z.safeParse(chatCompletionRequestSchema, body);
  if (result.success) return result.data;
  throw new RequestError("INVALID_INPUT", explainIssue(chatCompletionRequestSchema, body, result.error));
}
