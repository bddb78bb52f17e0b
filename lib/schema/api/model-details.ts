import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { headerKeysSchema, modelDetailsSchema, modelLayersSchema, verificationSchema } from "../models/model-details";
import { settingRows } from "../settings/settings";
import { planErrors, storeErrors } from "./shared-errors";

const modelName = z.string().check(z.minLength(1), z.maxLength(1024));
const nameQuery = z.strictObject({ name: modelName });

/**
 * One file of the library: its row in the list, its path, its tensors by kind, its chat template and its own settings. Long texts are
 * shortened.
 */
export const readModelDetails = {
  method: "GET",
  path: "/api/models/details",
  query: nameQuery,
  reply: modelDetailsSchema,
  errors: [...modelErrors, ...storeErrors],
} as const satisfies Endpoint;

/**
 * Keys of a file's header whose name or value holds all words, at most a hundred from `from`. Long values are shortened, and say how long
 * they are.
 */
export const searchHeader = {
  method: "GET",
  path: "/api/models/header",
  query: z.strictObject({
    name: modelName,
    words: z._default(z.string().check(z.maxLength(200)), ""),
    from: z._default(z.pipe(z.coerce.number(), z.int().check(z.minimum(0))), 0),
  }),
  reply: headerKeysSchema,
  errors: modelErrors,
} as const satisfies Endpoint;

/**
 * Where each layer of a file would go on the present card, and its weights and KV cache, with its own settings and the given context and
 * KV cache.
 */
export const readModelLayers = {
  method: "GET",
  path: "/api/models/layers",
  query: z.strictObject({
    name: modelName,
    N_CTX: z.optional(z.pipe(z.coerce.number(), settingRows.N_CTX.schema)),
    KV_CACHE_QUANT: z.optional(settingRows.KV_CACHE_QUANT.schema),
  }),
  reply: modelLayersSchema,
  errors: [...planErrors, ...storeErrors],
} as const satisfies Endpoint;

/** What is known of a file's sha256: nothing, the progress of a check, or its result for as long as the file does not change. */
export const readVerification = {
  method: "GET",
  path: "/api/models/verify",
  query: nameQuery,
  reply: verificationSchema,
  errors: modelErrors,
} as const satisfies Endpoint;

/**
 * Begins to read a whole model, all parts of a split one, and compares its sha256 with the published one. Where no download remembers
 * that, the hub is asked about a file of an owner/repo folder.
 */
export const startVerification = {
  method: "POST",
  path: "/api/models/verify",
  body: nameQuery,
  reply: verificationSchema,
  errors: modelErrors,
} as const satisfies Endpoint;

/** Ends a check. What was known before stays. */
export const cancelVerification = {
  method: "DELETE",
  path: "/api/models/verify",
  body: nameQuery,
  reply: verificationSchema,
  errors: modelErrors,
} as const satisfies Endpoint;

/** Makes a model the one that a fresh start loads (MODEL). What is loaded stays loaded. */
export const chooseDefaultModel = {
  method: "POST",
  path: "/api/models/default",
  body: nameQuery,
  reply: z.object({ name: modelName }),
  errors: [...modelErrors, ...storeErrors],
} as const satisfies Endpoint;
