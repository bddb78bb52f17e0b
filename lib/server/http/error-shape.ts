import type { ErrorBody } from "@/lib/schema/api-error";
import { anthropicError } from "./anthropic-error";
import { openAiError } from "./openai-error";
import { isAnthropicPath, isClientPath } from "./request-guard";

/** An error in the shape that the clients of this path read. */
export function errorShape(path: string, status: number, body: ErrorBody): object {
  if (isAnthropicPath(path)) return anthropicError(status, body);
  return isClientPath(path) ? openAiError(status, body) : { error: body };
}
