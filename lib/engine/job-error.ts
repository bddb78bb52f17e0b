import { GgufFormatError } from "@/lib/gguf/header/gguf-format-error";
import type { ErrorCode } from "@/lib/schema/api-error";
import { type EngineMessage, engineCommands, type JobCommand } from "@/lib/schema/engine-commands";
import { errorReason } from "@/lib/schema/error-reason";

type ErrorMessage = Extract<EngineMessage, { type: "error" }>;
type ErrorCounts = Pick<ErrorMessage, "deficitBytes" | "promptTokens" | "contextTokens">;

/** A command that cannot be done, with the message and code that the child sends. */
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

/** The answer to a command that failed. An error that the command's contract does not name was not expected. */
export function errorMessage({ type, id }: Pick<JobCommand, "type" | "id">, error: unknown): ErrorMessage {
  const message = errorReason(error);
  const isOurs = error instanceof JobError || error instanceof GgufFormatError;
  const foreseen: readonly ErrorCode[] = ["CANCELLED", ...engineCommands[type].errors];
  const code = isOurs && foreseen.includes(error.code) ? error.code : "ENGINE_FAILED";
  return { type: "error", id, code, message, ...(error instanceof JobError && error.counts) };
}
