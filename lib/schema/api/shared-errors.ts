import { type ErrorCode, modelErrors } from "../api-error";

/** The history or the settings cannot be read or written. */
export const storeErrors = ["STORE_UNAVAILABLE", "DISK_FULL"] as const satisfies ErrorCode[];

export const engineErrors = [
  "BUSY",
  "ENGINE_CRASHED",
  "ENGINE_TIMEOUT",
  "ENGINE_FAILED",
] as const satisfies ErrorCode[];

export const loadErrors = [...modelErrors, ...engineErrors, "OUT_OF_MEMORY"] as const satisfies ErrorCode[];

export const planErrors = [...modelErrors, ...engineErrors, "DOWNLOAD_FAILED"] as const satisfies ErrorCode[];
