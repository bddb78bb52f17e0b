import type { ErrorCode } from "@/lib/schema/api-error";

type RemoteHeaderCode = Extract<
  ErrorCode,
  "INVALID_INPUT" | "FORBIDDEN" | "MODEL_NOT_FOUND" | "BUSY" | "TOO_LARGE" | "DOWNLOAD_FAILED" | "HUB_FAILED"
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
  /** How long the server asks to wait; null if it did not say. */
  readonly waitSeconds: number | null;

  constructor(
    readonly code: RemoteHeaderCode,
    message: string,
    { waitSeconds = null, ...options }: ErrorOptions & { readonly waitSeconds?: number | null } = {},
  ) {
    super(message, options);
    this.next = nextSteps[code];
    this.waitSeconds = waitSeconds;
  }
}

/** A hub that asks for a longer pause is asked again by the user. */
const LONGEST_WAIT_SECONDS = 300;

/** The hub counts requests. It says for how long it answers none; it never sends a date instead of seconds. */
export function tooMany(host: string, retryAfter: string | undefined): RemoteHeaderError {
  const seconds = Number(retryAfter);
  const isUsable = retryAfter !== undefined && Number.isInteger(seconds) && seconds >= 0;
  const waitSeconds = isUsable ? Math.min(seconds, LONGEST_WAIT_SECONDS) : null;
  const wait = waitSeconds === null ? "" : ` for ${waitSeconds} s`;
  return new RemoteHeaderError("BUSY", `${host} asks to wait${wait}: too many requests.`, { waitSeconds });
}
