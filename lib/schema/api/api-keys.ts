import * as z from "zod/mini";
import { apiKeyChangeSchema, apiKeyRequestSchema, apiKeySchema } from "../api-key";
import type { Endpoint } from "../endpoint";

const keysSchema = z.object({
  keys: z.array(apiKeySchema),
  /** Programs on this computer need a key as well. Others always need one, or the server's token. */
  areRequired: z.boolean(),
  /** Whether a request without one is refused: they are required, or the server has a token. */
  areAsked: z.boolean(),
});

const keyParams = z.object({ id: z.string() });

/** The API keys with their limits and counts, without their secrets. */
export const listApiKeys = {
  method: "GET",
  path: "/api/keys",
  reply: keysSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

/** Makes an API key. Its secret is in this answer and never again. */
export const makeApiKey = {
  method: "POST",
  path: "/api/keys",
  body: apiKeyRequestSchema,
  reply: z.object({ key: apiKeySchema, secret: z.string() }),
  errors: ["DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

/** Says whether programs on this computer need a key. */
export const requireApiKeys = {
  method: "PATCH",
  path: "/api/keys",
  body: z.strictObject({ areRequired: z.boolean() }),
  reply: keysSchema,
  errors: ["DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

/** Changes a key's name or limits. */
export const changeApiKey = {
  method: "PATCH",
  path: "/api/keys/[id]",
  params: keyParams,
  body: apiKeyChangeSchema,
  reply: apiKeySchema,
  errors: ["NOT_FOUND", "DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

/** Revokes a key: from now on it is refused. */
export const revokeApiKey = {
  method: "DELETE",
  path: "/api/keys/[id]",
  params: keyParams,
  reply: keysSchema,
  errors: ["NOT_FOUND", "DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;
