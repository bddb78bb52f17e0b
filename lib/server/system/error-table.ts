import { type ErrorBody, type ErrorCode, errorCodeSchema } from "@/lib/schema/api-error";

interface ErrorRow {
  readonly status: number;
  /** When the same request may succeed; sent as Retry-After. */
  readonly retryAfterSeconds?: number;
  /** The step a person can take, if it is always the same one. */
  readonly next?: string;
  /** For errors whose own message is not meant for people. */
  readonly message?: string;
}

/** 499 comes from nginx: the client has left and will not read the answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Usual answers end, and usual models are loaded, in such a time. */
const SOON_SECONDS = 2;
/** An engine that crashed too often is not started again for a minute. */
const LATER_SECONDS = 30;

/**
 * One row for each code: its HTTP status and the next step. The sentence that says what happened comes from the error itself.
 *
 * 429 means that the same request may succeed later; clients slow down on it by themselves. 503 says that the engine or the
 * data folder is not ready: it loads, has failed or stops.
 */
export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = {
  NOT_GGUF: { status: 422, next: "Choose a GGUF file: other formats have to be converted first." },
  CORRUPT_MODEL: { status: 422, next: "Download the file again; it is damaged or incomplete." },
  UNSUPPORTED_VERSION: { status: 422, next: "Use a file in GGUF version 2 or 3." },
  UNSUPPORTED_ARCH: { status: 422, next: "Choose another model: the engine does not know this kind." },
  NOT_A_FILE: { status: 400, next: "Give the path of a model file." },
  MODEL_NOT_FOUND: { status: 404, next: "Choose a model that is in the list." },
  OUT_OF_MEMORY: {
    status: 507,
    next: "Lower the context size or the number of GPU layers, or choose a smaller model.",
  },
  PLACEMENT_UNAVAILABLE: {
    status: 409,
    next: "Plan whole layers: set experts, cards and KV cache back to automatic.",
  },
  ENGINE_CRASHED: { status: 502, next: "Send it again: the engine is restarting." },
  ENGINE_TIMEOUT: { status: 504, next: "Send it again: the engine is restarting." },
  ENGINE_FAILED: {
    status: 503,
    retryAfterSeconds: LATER_SECONDS,
    next: "Choose another model or lower the settings, then load again.",
  },
  ENGINE_AWAY: { status: 502, next: "Check that it runs and that its address is right, then try again." },
  ENGINE_REFUSED: { status: 502, next: "Enter its key under Models, Engines." },
  CONTEXT_EXCEEDED: { status: 400, next: "Shorten the conversation or raise the context size." },
  BUSY: { status: 503, retryAfterSeconds: SOON_SECONDS, next: "Try again in a moment." },
  QUEUE_FULL: { status: 429, retryAfterSeconds: SOON_SECONDS, next: "Try again in a moment." },
  RATE_LIMITED: { status: 429 },
  CANCELLED: { status: CLIENT_CLOSED_REQUEST, message: "This was cancelled." },
  INVALID_INPUT: { status: 400 },
  UNSUPPORTED_MEDIA: { status: 415 },
  FORBIDDEN: { status: 403 },
  TOO_LARGE: { status: 413 },
  DISK_FULL: {
    status: 507,
    next: "Free some space; nothing that was saved before is lost.",
    message: "The disk is full, so this was not saved.",
  },
  STORE_UNAVAILABLE: {
    status: 503,
    retryAfterSeconds: SOON_SECONDS,
    next: "Check that the data folder exists and may be written to.",
    message: "The data folder cannot be used at the moment.",
  },
  DOWNLOAD_FAILED: { status: 502, next: "Check the connection, then try again." },
  HUB_FAILED: { status: 502, next: "Try again later." },
  NOT_FOUND: { status: 404 },
  INTERNAL: {
    status: 500,
    next: "The log in Diagnostics has the details.",
    message: "Something went wrong inside Headroom.",
  },
};

/** File system errors for a failed save. */
const fileSystemCodes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "DISK_FULL",
  EDQUOT: "DISK_FULL",
  EACCES: "STORE_UNAVAILABLE",
  EPERM: "STORE_UNAVAILABLE",
  EROFS: "STORE_UNAVAILABLE",
  ENOENT: "STORE_UNAVAILABLE",
  ENOTDIR: "STORE_UNAVAILABLE",
};

/** The code of any error. It is read from the error and not from its class, so that this layer knows no class of those above it. */
export function errorCodeOf(error: unknown): ErrorCode {
  if (!(error instanceof Error)) return "INTERNAL";
  const code = "code" in error ? error.code : undefined;
  const own = errorCodeSchema.safeParse(code);
  if (own.success) return own.data;
  if (error.name === "AbortError") return "CANCELLED";
  return (typeof code === "string" && fileSystemCodes[code]) || "INTERNAL";
}

const hasOwnWords = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && errorCodeSchema.safeParse(error.code).success;

interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  readonly retryAfterSeconds: number | undefined;
}

/** The parts of an error that may leave the server: never a stack, and never a message that was not written for people. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const code = errorCodeOf(error);
  const row = errorTable[code];
  const message = hasOwnWords(error) ? error.message : (row.message ?? code);
  const ownNext = error instanceof Error && "next" in error && typeof error.next === "string" ? error.next : undefined;
  const next = ownNext ?? row.next;
  return {
    status: row.status,
    retryAfterSeconds: retryAfterOf(error) ?? row.retryAfterSeconds,
    body: { code, message, ...(next !== undefined && { next }), ...countsOf(error) },
  };
}

const retryAfterOf = (error: unknown): number | undefined =>
  error instanceof Error && "retryAfterSeconds" in error && typeof error.retryAfterSeconds === "number"
    ? error.retryAfterSeconds
    : undefined;

/** Clients shorten a conversation by these counts. */
function countsOf(error: unknown): Pick<ErrorBody, "promptTokens" | "contextTokens"> {
  if (!(error instanceof Error && "promptTokens" in error && "contextTokens" in error)) return {};
  const { promptTokens, contextTokens } = error;
  return typeof promptTokens === "number" && typeof contextTokens === "number" ? { promptTokens, contextTokens } : {};
}
