import { GgufFormatError } from "@/lib/gguf/gguf-format-error";
import type { ErrorCode } from "@/lib/schema/api-error";
import type { EngineMessage } from "@/lib/schema/engine-messages";

type ErrorMessage = Extract<EngineMessage, { type: "error" }>;
type ErrorCounts = Pick<ErrorMessage, "deficitBytes" | "promptTokens" | "contextTokens">;

/** A command that cannot be done, in the words and with the code that leave the child. */
export class JobError extends Error {
  override readonly name = "JobError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly counts: ErrorCounts = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class CancelledError extends JobError {
  constructor() {
    super("CANCELLED", "Cancelled.");
  }
}

/** The answer to a command that failed. What is no `JobError` was not foreseen. */
export function errorMessage(id: string, error: unknown): ErrorMessage {
  if (error instanceof JobError)
    return { type: "error", id, code: error.code, message: error.message, ...error.counts };
  if (error instanceof GgufFormatError) return { type: "error", id, code: error.code, message: error.message };
  return { type: "error", id, code: "ENGINE_FAILED", message: error instanceof Error ? error.message : String(error) };
}
