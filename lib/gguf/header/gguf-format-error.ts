import type { ErrorCode } from "@/lib/schema/api-error";

/** A file that is no usable model. The message names the value found and the limit; `offsetBytes` is the position in the file. */
export class GgufFormatError extends Error {
  override readonly name = "GgufFormatError";

  constructor(
    readonly code: Extract<ErrorCode, "NOT_GGUF" | "CORRUPT_MODEL" | "UNSUPPORTED_VERSION" | "UNSUPPORTED_ARCH">,
    message: string,
    readonly offsetBytes: number,
  ) {
    super(message);
  }
}
