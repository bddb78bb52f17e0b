import * as z from "zod/mini";

/** Every error code that the server may send. Each has one HTTP status and one sentence in lib/server/system/error-table.ts. */
export const errorCodes = [
  "NOT_GGUF",
  "CORRUPT_MODEL",
  "UNSUPPORTED_VERSION",
  "UNSUPPORTED_ARCH",
  "NOT_A_FILE",
  "MODEL_NOT_FOUND",
  "OUT_OF_MEMORY",
  "PLACEMENT_UNAVAILABLE",
  "ENGINE_CRASHED",
  "ENGINE_TIMEOUT",
  "ENGINE_FAILED",
  "ENGINE_AWAY",
  "ENGINE_REFUSED",
  "CONTEXT_EXCEEDED",
  "BUSY",
  "QUEUE_FULL",
  "RATE_LIMITED",
  "CANCELLED",
  "INVALID_INPUT",
  "UNSUPPORTED_MEDIA",
  "FORBIDDEN",
  "TOO_LARGE",
  "DISK_FULL",
  "STORE_UNAVAILABLE",
  "DOWNLOAD_FAILED",
  "HUB_FAILED",
  "NOT_FOUND",
  "INTERNAL",
] as const;

export const errorCodeSchema = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof errorCodeSchema>;

/** The model's file is not there, or cannot be used. */
export const modelErrors = [
  "MODEL_NOT_FOUND",
  "NOT_A_FILE",
  "NOT_GGUF",
  "CORRUPT_MODEL",
  "UNSUPPORTED_VERSION",
  "UNSUPPORTED_ARCH",
] as const satisfies ErrorCode[];

/** `next` is a step that the user can take; the page shows it beside the message. */
export const errorBodySchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  next: z.optional(z.string()),
  /** With CONTEXT_EXCEEDED. */
  promptTokens: z.optional(z.int()),
  contextTokens: z.optional(z.int()),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
export const errorResponseSchema = z.object({ error: errorBodySchema });
