import type { ErrorCode } from "@/lib/schema/api-error";

/** A model's name or path does not lead to a usable file. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
  /** In place of the usual one for its code. */
  readonly next: string | undefined;

  constructor(
    readonly code: Extract<
      ErrorCode,
      "INVALID_INPUT" | "MODEL_NOT_FOUND" | "NOT_A_FILE" | "CORRUPT_MODEL" | "UNSUPPORTED_ARCH"
    >,
    message: string,
    options: ErrorOptions & { readonly next?: string } = {},
  ) {
    super(message, options);
    this.next = options.next;
  }
}
