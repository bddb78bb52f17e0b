import type { ErrorCode } from "../api-error";

/** The history or the settings cannot be read or written. */
export const storeErrors = ["STORE_UNAVAILABLE", "DISK_FULL"] as const satisfies ErrorCode[];

/** The model's file is not there, or cannot be used. */
export const modelErrors = [
  "MODEL_NOT_FOUND",
  "NOT_A_FILE",
  "NOT_GGUF",
  "CORRUPT_MODEL",
  "UNSUPPORTED_VERSION",
  "UNSUPPORTED_ARCH",
] as const satisfies ErrorCode[];

export const engineErrors = [
  "BUSY",
  "ENGINE_CRASHED",
  "ENGINE_TIMEOUT",
  "ENGINE_FAILED",
] as const satisfies ErrorCode[];

export const loadErrors = [...modelErrors, ...engineErrors, "OUT_OF_MEMORY"] as const satisfies ErrorCode[];

export const planErrors = [...modelErrors, ...engineErrors, "DOWNLOAD_FAILED"] as const satisfies ErrorCode[];
