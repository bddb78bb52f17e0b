import { statSync } from "node:fs";
import type { ErrorCode } from "@/lib/schema/api-error";
import { RemoteHeaderError } from "../hub/remote-header-error";

/** What the queue does next: `retry` by itself later, `restart` from nothing, or stop and `keep` or `drop` what was fetched. */
type DownloadRemedy = "retry" | "restart" | "keep" | "drop";

interface DownloadErrorOptions extends ErrorOptions {
  readonly next?: string;
  /** How long the server asked to wait. */
  readonly waitMs?: number;
}

/** Why a download does not go on. The message names the file or the server. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly next: string | undefined;
  readonly waitMs: number | undefined;

  constructor(
    readonly code: ErrorCode,
    readonly remedy: DownloadRemedy,
    message: string,
    { next, waitMs, ...options }: DownloadErrorOptions = {},
  ) {
    super(message, options);
    this.next = next;
    this.waitMs = waitMs;
  }
}

/** The next step where nobody has to do anything. */
export const GOES_ON = "Nothing to do: it goes on by itself.";

const waitOf = (error: unknown): { waitMs?: number } =>
  error instanceof RemoteHeaderError && error.waitSeconds !== null ? { waitMs: error.waitSeconds * 1000 } : {};

const stringField = (error: unknown, field: string): string | undefined => {
  const value: unknown = error instanceof Error ? Reflect.get(error, field) : undefined;
  return typeof value === "string" ? value : undefined;
};

export const isOfFullDisk = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes(stringField(error, "code") ?? "");

/** Any error of a download as one that says what to do: of the network, of the file's header, of the disk. */
export function asDownloadError(error: unknown, file: string, modelsFolder: string): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = stringField(error, "code") ?? "";
  const message = error instanceof Error ? error.message : String(error);
  const next = stringField(error, "next");
  const options = { cause: error, ...(next === undefined ? {} : { next }) };
  switch (code) {
    case "DOWNLOAD_FAILED":
    case "HUB_FAILED":
      return new DownloadError(code, "retry", message, options);
    case "BUSY":
      return new DownloadError(code, "retry", message, { ...options, next: GOES_ON, ...waitOf(error) });
    case "FORBIDDEN":
    case "INVALID_INPUT":
    case "MODEL_NOT_FOUND":
    case "TOO_LARGE":
    case "NOT_GGUF":
    case "CORRUPT_MODEL":
    case "UNSUPPORTED_VERSION":
    case "UNSUPPORTED_ARCH":
      return new DownloadError(code, "drop", message, { ...options, next: next ?? "Choose another file." });
    case "ENOSPC":
    case "EDQUOT":
      return new DownloadError("DISK_FULL", "keep", `The disk became full while ${file} was fetched.`, {
        next: "Free some space, then resume: what was fetched is kept.",
        cause: error,
      });
    case "ENOENT":
    case "ENOTDIR":
      return lostFile(file, modelsFolder, error);
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new DownloadError("STORE_UNAVAILABLE", "keep", `The models folder ${modelsFolder} cannot be written to.`, {
        next: "Allow writing there or set HEADROOM_MODELS_DIR to another folder, then try again.",
        cause: error,
      });
    case "EXDEV":
      return new DownloadError(
        "STORE_UNAVAILABLE",
        "keep",
        `${file} cannot be moved to its place: that folder is a link to another disk than the models folder ${modelsFolder}.`,
        { next: "Remove the link, or set HEADROOM_MODELS_DIR to a folder on that disk, then try again.", cause: error },
      );
    default:
      return new DownloadError("INTERNAL", "keep", `${file} could not be saved (${code || message}).`, {
        next: "Try again; the log in Diagnostics has the details.",
        cause: error,
      });
  }
}

/** The part file is gone: because somebody deleted it, or the whole models folder. */
export function lostFile(file: string, modelsFolder: string, cause?: unknown): DownloadError {
  const hasFolder = statSync(modelsFolder, { throwIfNoEntry: false })?.isDirectory() === true;
  return hasFolder
    ? new DownloadError("DOWNLOAD_FAILED", "drop", `The unfinished file of ${file} was deleted while it was fetched.`, {
        next: "Try again to fetch it from the start, or dismiss it.",
        cause,
      })
    : new DownloadError("STORE_UNAVAILABLE", "drop", `The models folder ${modelsFolder} is not there.`, {
        next: "Connect its disk or make the folder, then try again.",
        cause,
      });
}
