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

export const listApiKeys = {
  method: "GET",
  path: "/api/keys",
  does: "The API keys with their limits and counts, without their secrets.",
  reply: keysSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const makeApiKey = {
  method: "POST",
  path: "/api/keys",
  does: "Makes an API key. Its secret is in this answer and never again.",
  body: apiKeyRequestSchema,
  reply: z.object({ key: apiKeySchema, secret: z.string() }),
  errors: ["DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const requireApiKeys = {
  method: "PATCH",
  path: "/api/keys",
  does: "Says whether programs on this computer need a key.",
  body: z.strictObject({ areRequired: z.boolean() }),
  reply: keysSchema,
  errors: ["DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const changeApiKey = {
  method: "PATCH",
  path: "/api/keys/[id]",
  does: "Changes a key's name or limits.",
  params: keyParams,
  body: apiKeyChangeSchema,
  reply: apiKeySchema,
  errors: ["NOT_FOUND", "DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const revokeApiKey = {
  method: "DELETE",
  path: "/api/keys/[id]",
  does: "Revokes a key: from now on it is refused.",
  params: keyParams,
  reply: keysSchema,
  errors: ["NOT_FOUND", "DISK_FULL", "STORE_UNAVAILABLE"],
} as const satisfies Endpoint;
