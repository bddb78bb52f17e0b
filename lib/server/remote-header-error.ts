import type { ErrorCode } from "@/lib/schema/api-error";

/** Why the header of a model elsewhere could not be read. The message names the address or file and the remedy. */
export class RemoteHeaderError extends Error {
  override readonly name = "RemoteHeaderError";

  constructor(
    readonly code: Extract<
      ErrorCode,
      "INVALID_INPUT" | "FORBIDDEN" | "MODEL_NOT_FOUND" | "BUSY" | "TOO_LARGE" | "DOWNLOAD_FAILED"
    >,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
