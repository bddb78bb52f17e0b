import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { downloadSchema } from "../models/download";
import { storeErrors } from "./shared-errors";

/** Slower than this, a model would take years. */
const MIN_LIMIT_BYTES = 1024;

const downloadsAnswer = z.object({
  /** In the order in which they are fetched. */
  downloads: z.array(downloadSchema),
  /** For all downloads together; null for no limit. */
  bytesPerSecondLimit: z.nullable(z.int().check(z.minimum(MIN_LIMIT_BYTES))),
});

/** The downloads that are running, waiting, finished or failed, and the speed limit. */
export const listDownloads = {
  method: "GET",
  path: "/api/downloads",
  reply: downloadsAnswer,
} as const satisfies Endpoint;

/**
 * Fetches a model into the models folder, as owner/repo/file.gguf. The same file twice is one download. The download itself says what goes
 * wrong on the way.
 */
export const startDownload = {
  method: "POST",
  path: "/api/downloads",
  body: z.strictObject({ source: z.string().check(z.minLength(1), z.maxLength(2048)) }),
  reply: z.object({ download: downloadSchema }),
  errors: ["BUSY", ...modelErrors, ...storeErrors],
} as const satisfies Endpoint;

/** Sets the speed limit of all downloads together, in bytes a second; null lifts it. */
export const limitDownloads = {
  method: "PATCH",
  path: "/api/downloads",
  body: z.strictObject({ bytesPerSecondLimit: z.nullable(z.int().check(z.minimum(MIN_LIMIT_BYTES))) }),
  reply: downloadsAnswer,
  errors: storeErrors,
} as const satisfies Endpoint;

/**
 * Pauses a download, resumes it (a failed or waiting one is tried again), cancels it with all that it has fetched, or takes a finished or
 * failed one off the list.
 */
export const commandDownload = {
  method: "POST",
  path: "/api/downloads/[id]",
  params: z.object({ id: z.string().check(z.minLength(1), z.maxLength(64)) }),
  body: z.strictObject({ action: z.enum(["pause", "resume", "cancel", "dismiss"]) }),
  reply: downloadsAnswer,
  errors: ["NOT_FOUND", ...storeErrors],
} as const satisfies Endpoint;
