import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { engineSnapshotSchema, liveEventSchema } from "../live-events";
import { meantSchema } from "../plans/load-config";
import { receiptSchema } from "../plans/receipt";
import { engineErrors, loadErrors } from "./shared-errors";

const engineAnswer = z.object({ engine: engineSnapshotSchema });

/** What the engine is doing, and the memory of the last load. */
export const readEngine = {
  method: "GET",
  path: "/api/engine",
  reply: z.extend(engineAnswer, { receipt: z.nullable(receiptSchema) }),
} as const satisfies Endpoint;

/**
 * Loads the chosen model if it is not loaded, and replies when the model is ready. A model that system memory does not hold is refused
 * with OUT_OF_MEMORY, unless `meant` is true; that counts for later loads of the same settings too, until the server ends.
 */
export const loadModel = {
  method: "POST",
  path: "/api/engine/load",
  query: z.strictObject({ meant: meantSchema }),
  reply: engineAnswer,
  errors: loadErrors,
} as const satisfies Endpoint;

/** Starts a load that waits for the answer in progress. The answer ends with the text it has. */
export const loadNow = {
  method: "POST",
  path: "/api/engine/load-now",
  reply: engineAnswer,
} as const satisfies Endpoint;

/** Loads the chosen model again, even if the engine has given up. */
export const reloadModel = {
  method: "POST",
  path: "/api/engine/reload",
  reply: engineAnswer,
  errors: loadErrors,
} as const satisfies Endpoint;

/** Unloads the model completely: the engine's process ends. The next message loads it again. */
export const unloadModel = {
  method: "POST",
  path: "/api/engine/unload",
  reply: engineAnswer,
  errors: engineErrors,
} as const satisfies Endpoint;

/** Live events: readings of card and memory once a second, the engine's state, changes made elsewhere, and the log. */
export const followEvents = {
  method: "GET",
  path: "/api/events",
  streams: liveEventSchema,
} as const satisfies Endpoint;
