import type { ErrorCode } from "@/lib/schema/api-error";

/** A request that cannot be answered as sent: the code, and what to change. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** When the same request may succeed; sent as Retry-After. */
  readonly retryAfterSeconds: number | undefined;
  /** The step to take, where it is another than the usual one for this code. */
  readonly next: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly retryAfterSeconds?: number; readonly next?: string | undefined },
  ) {
    super(message, options);
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.next = options?.next;
  }
}
