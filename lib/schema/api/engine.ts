import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { engineSnapshotSchema, liveEventSchema } from "../live-events";
import { receiptSchema } from "../receipt";
import { engineErrors, loadErrors } from "./shared-errors";

const engineAnswer = z.object({ engine: engineSnapshotSchema });

export const readEngine = {
  method: "GET",
  path: "/api/engine",
  does: "What the engine does now, and what the last load took.",
  reply: z.extend(engineAnswer, { receipt: z.nullable(receiptSchema) }),
} as const satisfies Endpoint;

export const loadModel = {
  method: "POST",
  path: "/api/engine/load",
  does: "Loads the chosen model if it is not loaded, and answers when it can be chatted with.",
  reply: engineAnswer,
  errors: loadErrors,
} as const satisfies Endpoint;

export const loadNow = {
  method: "POST",
  path: "/api/engine/load-now",
  does: "A load that waits for the answer in progress waits no longer: the answer ends with what it has.",
  reply: engineAnswer,
} as const satisfies Endpoint;

export const reloadModel = {
  method: "POST",
  path: "/api/engine/reload",
  does: "Loads the chosen model again, also after the engine had given up.",
  reply: engineAnswer,
  errors: loadErrors,
} as const satisfies Endpoint;

export const unloadModel = {
  method: "POST",
  path: "/api/engine/unload",
  does: "Takes the model out of memory, all of it: the engine's process ends. The next message brings it back.",
  reply: engineAnswer,
  errors: engineErrors,
} as const satisfies Endpoint;

export const followEvents = {
  method: "GET",
  path: "/api/events",
  does: "What the server tells by itself: readings of card and memory once a second, the engine's state, changes made elsewhere, the log.",
  streams: liveEventSchema,
} as const satisfies Endpoint;
