import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { engineChoiceSchema, engineFoundSchema, engineInputSchema, otherEngineSchema } from "../engines/other-engine";
import { otherEngineErrors, storeErrors } from "./shared-errors";

const enginesSchema = z.object({
  engines: z.array(otherEngineSchema),
  /** null while the engine of this process answers. */
  chosen: z.nullable(engineChoiceSchema),
  /** The llama-server that would be started: the chosen one, or the first on PATH; null if there is none. */
  llamaServerPath: z.nullable(z.string()),
});

/** Other engines (servers with OpenAI's API) with the models that they list now, and which of them answers. */
export const listEngines = {
  method: "GET",
  path: "/api/engines",
  reply: enginesSchema,
} as const satisfies Endpoint;

/** Asks a server for its models and keeps it as an engine. Its key stays on this computer and is sent to no other address. */
export const addEngine = {
  method: "POST",
  path: "/api/engines",
  body: engineInputSchema,
  reply: enginesSchema,
  errors: [...otherEngineErrors, ...storeErrors],
} as const satisfies Endpoint;

/** Gives an engine another name, key or context size. An empty key removes the key. */
export const changeEngine = {
  method: "PATCH",
  path: "/api/engines",
  body: z.extend(z.omit(engineInputSchema, { address: true }), { id: z.string() }),
  reply: enginesSchema,
  errors: [...otherEngineErrors, ...storeErrors, "NOT_FOUND"],
} as const satisfies Endpoint;

/** Forgets an engine and its key. If it was the one that answers, the engine of this process does again. */
export const removeEngine = {
  method: "DELETE",
  path: "/api/engines",
  body: z.strictObject({ id: z.string() }),
  reply: enginesSchema,
  errors: [...storeErrors, "NOT_FOUND"],
} as const satisfies Endpoint;

/** Chooses the `llama-server` program that Headroom starts itself when the engine `llama-server` is chosen; null takes the one on PATH. */
export const setLlamaServer = {
  method: "POST",
  path: "/api/engines/llama-server",
  body: z.strictObject({ path: z.nullable(z.string().check(z.trim(), z.maxLength(4096))) }),
  reply: enginesSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

/** Says what a server is and which models it has, without keeping anything. */
export const testEngine = {
  method: "POST",
  path: "/api/engines/test",
  body: engineInputSchema,
  reply: engineFoundSchema,
  errors: otherEngineErrors,
} as const satisfies Endpoint;

/**
 * Lets another engine's model answer from now on, in chats and under /v1, and unloads the own one. `choice` null goes back to the engine
 * of this process. The engine `llama-server` is the program itself, which loads the settings' model with its plan.
 */
export const chooseEngine = {
  method: "POST",
  path: "/api/engines/choose",
  body: z.strictObject({ choice: z.nullable(engineChoiceSchema) }),
  reply: enginesSchema,
  errors: [...otherEngineErrors, ...storeErrors, "NOT_FOUND"],
} as const satisfies Endpoint;
