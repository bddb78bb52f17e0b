import type { ErrorCode } from "@/lib/schema/api-error";

type RemoteHeaderCode = Extract<
  ErrorCode,
  "INVALID_INPUT" | "FORBIDDEN" | "MODEL_NOT_FOUND" | "BUSY" | "TOO_LARGE" | "DOWNLOAD_FAILED"
>;

/** Set if the next step differs from the one in the error table. */
const nextSteps: Partial<Record<RemoteHeaderCode, string>> = {
  MODEL_NOT_FOUND: "Check the owner, the repository and the file's name.",
  DOWNLOAD_FAILED: "Check the address and the connection, then try again.",
};

/** Why the header of a remote model could not be read. The message names the address or file and the remedy. */
export class RemoteHeaderError extends Error {
  override readonly name = "RemoteHeaderError";
  readonly next: string | undefined;

  constructor(
    readonly code: RemoteHeaderCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.next = nextSteps[code];
  }
}
