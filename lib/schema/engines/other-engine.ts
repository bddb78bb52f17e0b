import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import { engineKindSchema } from "./answering-engine";

const tokens = z.int().check(z.minimum(256), z.maximum(100_000_000));

/** A model of another engine; its context size is null if the server does not say it. */
export const engineModelSchema = z.object({
  id: z.string(),
  contextTokens: z.nullable(z.int()),
  /** Whether the server says that it reads pictures. */
  takesPictures: z.boolean(),
});
export type EngineModel = z.infer<typeof engineModelSchema>;

/** What a server was found to be. */
export const engineFoundSchema = z.object({ kind: engineKindSchema, models: z.array(engineModelSchema) });
export type EngineFound = z.infer<typeof engineFoundSchema>;

/** A server that answers in place of the engine of this process. Its key never leaves the web server. */
export const otherEngineSchema = z.extend(engineFoundSchema, {
  id: z.string(),
  name: z.string(),
  address: z.string(),
  hasKey: z.boolean(),
  /** As the user gave it, for models whose server does not say it. */
  contextTokens: z.nullable(z.int()),
  /** Why its models could not be listed just now. */
  problem: z.nullable(errorBodySchema),
});
export type OtherEngine = z.infer<typeof otherEngineSchema>;

/** In a choice: llama.cpp's server as a program that Headroom starts and stops itself, with the plan of the settings' model. */
export const LLAMA_SERVER_ID = "llama-server";

/** The engine and model that answer instead of this process's own engine. */
export const engineChoiceSchema = z.object({ engineId: z.string(), model: z.string() });
export type EngineChoice = z.infer<typeof engineChoiceSchema>;

const key = z
  .string()
  .check(z.trim(), z.maxLength(4096), z.regex(/^[\x21-\x7e]*$/, "must be one word, as it is sent in a header"));
const address = z.string().check(z.trim(), z.minLength(1), z.maxLength(2048));

/** What the user gives of a server. An empty key is no key. */
export const engineInputSchema = z.strictObject({
  address,
  name: z.optional(z.string().check(z.trim(), z.maxLength(60))),
  key: z.optional(key),
  contextTokens: z.optional(tokens),
});
export type EngineInput = z.infer<typeof engineInputSchema>;
