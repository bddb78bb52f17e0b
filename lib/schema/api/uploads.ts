import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { storeErrors } from "./shared-errors";

/** A piece of a file is sent in a request of its own: below the limit of a body, and small enough to show progress. */
export const UPLOAD_PIECE_BYTES = 4 * 1024 * 1024;

const uploadParams = z.object({ id: z.string().check(z.minLength(1), z.maxLength(64)) });

/**
 * Begins to copy a GGUF file from the browser into the models folder. Its pieces follow; what is not finished is removed after ten minutes
 * without one.
 */
export const startUpload = {
  method: "POST",
  path: "/api/models/uploads",
  body: z.strictObject({
    fileName: z.string().check(z.minLength(1), z.maxLength(255)),
    fileBytes: z.int().check(z.minimum(1)),
  }),
  reply: z.object({ id: z.string() }),
  errors: ["BUSY", ...modelErrors, ...storeErrors],
} as const satisfies Endpoint;

/**
 * Takes the next piece of a file. The header is checked as soon as it is here. With the last piece the file is placed, and `name` is its
 * name in the library.
 */
export const sendPiece = {
  method: "PATCH",
  path: "/api/models/uploads/[id]",
  params: uploadParams,
  query: z.strictObject({ offsetBytes: z.coerce.number().check(z.int(), z.minimum(0)) }),
  takesBytes: true,
  reply: z.object({ receivedBytes: z.int(), name: z.nullable(z.string()) }),
  errors: ["NOT_FOUND", "BUSY", ...modelErrors, ...storeErrors],
} as const satisfies Endpoint;

/** Gives a copy up, and removes what has come of it. */
export const cancelUpload = {
  method: "DELETE",
  path: "/api/models/uploads/[id]",
  params: uploadParams,
  reply: z.object({ id: z.string() }),
  errors: storeErrors,
} as const satisfies Endpoint;
