import * as z from "zod/mini";

const count = z.int().check(z.minimum(0));

const MAX_KEY_NAME_CHARACTERS = 60;

const keyNameSchema = z.string().check(z.trim(), z.minLength(1), z.maxLength(MAX_KEY_NAME_CHARACTERS));
const limitSchema = z.nullable(z.int().check(z.minimum(1), z.maximum(1_000_000_000)));

/** An API key as people see it. Its secret is shown once, when it is made, and nowhere kept. */
export const apiKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  /** The first characters of the secret, to tell keys apart. */
  start: z.string(),
  createdAtMs: z.number(),
  lastUsedAtMs: z.nullable(z.number()),
  /** null for no limit. */
  requestsPerMinute: limitSchema,
  /** Prompt and answer together, from midnight to midnight UTC; null for no limit. */
  tokensPerDay: limitSchema,
  requests: count,
  promptTokens: count,
  generatedTokens: count,
  tokensToday: count,
});
export type ApiKey = z.infer<typeof apiKeySchema>;

export const apiKeyRequestSchema = z.strictObject({
  name: keyNameSchema,
  requestsPerMinute: z._default(limitSchema, null),
  tokensPerDay: z._default(limitSchema, null),
});
export type ApiKeyRequest = z.infer<typeof apiKeyRequestSchema>;

export const apiKeyChangeSchema = z.strictObject({
  name: z.optional(keyNameSchema),
  requestsPerMinute: z.optional(limitSchema),
  tokensPerDay: z.optional(limitSchema),
});
export type ApiKeyChange = z.infer<typeof apiKeyChangeSchema>;
