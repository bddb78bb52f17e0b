import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorBody } from "@/lib/schema/api-error";
import { errorTable } from "@/lib/server/system/error-table";
import { anthropicError } from "./anthropic-error";
import { drain } from "./incoming";
import { openAiError } from "./openai-error";
import { isAnthropicPath, isClientPath, pathOf } from "./request-guard";

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** An error in the shape that the clients of this path read. */
export function errorShape(path: string, status: number, body: ErrorBody): object {
  if (isAnthropicPath(path)) return anthropicError(status, body);
  return isClientPath(path) ? openAiError(status, body) : { error: body };
}

/** Answers with an error instead of what was asked for. An answer that has begun can only be cut. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: ErrorBody,
  retryAfterSeconds = errorTable[body.code].retryAfterSeconds,
): void {
  if (!request.complete) drain(request);
  if (response.headersSent) return void response.destroy();
  response.setHeader("cache-control", "no-store");
  if (retryAfterSeconds) response.setHeader("retry-after", String(retryAfterSeconds));
  sendJson(response, status, errorShape(pathOf(request.url ?? ""), status, body));
}
