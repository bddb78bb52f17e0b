import type { ErrorCode } from "@/lib/schema/api-error";

/** A request that cannot be answered as sent: the code, and what to change. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
