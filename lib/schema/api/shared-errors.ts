import { type ErrorCode, modelErrors } from "../api-error";

/** The history or the settings cannot be read or written. */
export const storeErrors = ["STORE_UNAVAILABLE", "DISK_FULL"] as const satisfies ErrorCode[];

/** Of a server that answers in place of our engine: it cannot be reached or fails, or it does not let us in. */
export const otherEngineErrors = [
  "ENGINE_AWAY",
  "ENGINE_REFUSED",
  "MODEL_NOT_FOUND",
  "BUSY",
] as const satisfies ErrorCode[];

export const engineErrors = [
  "BUSY",
  "ENGINE_CRASHED",
  "ENGINE_TIMEOUT",
  "ENGINE_FAILED",
  "ENGINE_AWAY",
  "ENGINE_REFUSED",
] as const satisfies ErrorCode[];

export const loadErrors = [...modelErrors, ...engineErrors, "OUT_OF_MEMORY"] as const satisfies ErrorCode[];

export const planErrors = [
  ...modelErrors,
  ...engineErrors,
  "DOWNLOAD_FAILED",
  "HUB_FAILED",
] as const satisfies ErrorCode[];
