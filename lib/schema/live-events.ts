import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";
import { answeringEngineSchema } from "./engines/answering-engine";
import { engineInfoSchema } from "./engines/engine-info";
import { downloadSchema } from "./models/download";
import { embeddingMemorySchema, gpuReportSchema, systemMemorySchema } from "./plans/gpu-memory";
import { loadConfigSchema } from "./plans/load-config";
import { memoryPartsSchema } from "./plans/receipt";
import { speculationChoiceSchema } from "./plans/speculation";

export const engineStateSchema = z.enum([
  "stopped",
  "starting",
  "ready",
  "loading",
  "loaded",
  "generating",
  "stopping",
  "failed",
]);
export type EngineState = z.infer<typeof engineStateSchema>;

/** The engine's public state. The header, the dashboard and GET /api/engine read this object. */
export const engineSnapshotSchema = z.object({
  state: engineStateSchema,
  generation: z.int(),
  info: z.nullable(engineInfoSchema),
  modelName: z.nullable(z.string()),
  /** What is loaded now. */
  config: z.nullable(loadConfigSchema),
  totalLayers: z.nullable(z.int()),
  /** GPU memory of the engine by part, as the load reported it. */
  held: z.nullable(memoryPartsSchema),
  /** A model without a chat template was not made for conversations; null while nothing is loaded. */
  hasChatTemplate: z.nullable(z.boolean()),
  /** Whether flash attention really runs, from the load's log; null if the log does not say. */
  flashAttentionActive: z.nullable(z.boolean()),
  /** Whether answers of what is loaded are speculated; absent while nothing is loaded and while another engine answers. */
  speculation: z.optional(speculationChoiceSchema),
  progress: z.nullable(z.object({ phase: z.string(), fraction: z.number() })),
  /** Why the engine failed or what it could not load. The web server keeps running. */
  error: z.nullable(errorBodySchema),
  /** One sentence for the user when something was lowered, restarted or fell back. */
  notice: z.nullable(z.string()),
  /** Answers that are being written side by side. */
  answering: z.int(),
  queueLength: z.int(),
  /** A load waits until the answer in progress ends. */
  loadWaits: z.boolean(),
  restarts: z.int(),
  /** Absent while the engine of this process answers. Its model, state and error are the ones above; what it holds is not known. */
  other: z.optional(answeringEngineSchema),
});
export type EngineSnapshot = z.infer<typeof engineSnapshotSchema>;

/** The context of whatever answers now; null while nothing is loaded. */
export const contextTokensOf = ({ other, config }: Pick<EngineSnapshot, "other" | "config">): number | null =>
  other?.contextTokens ?? config?.contextTokens ?? null;

/** The engine of this process reads text only. */
export const takesPictures = ({ other }: Pick<EngineSnapshot, "other">): boolean => other?.takesPictures ?? false;

export const telemetrySchema = z.object({
  atMs: z.number(),
  gpu: gpuReportSchema,
  memory: systemMemorySchema,
  /** Of the embedding model that is loaded beside the chat model; absent while none is. */
  embedding: z.optional(embeddingMemorySchema),
  cpuPercent: z.nullable(z.number()),
});
export type Telemetry = z.infer<typeof telemetrySchema>;

/** Server-sent events of GET /api/events; the SSE event name is `type`. */
export const liveEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("telemetry"), telemetry: telemetrySchema }),
  z.object({ type: z.literal("engine"), engine: engineSnapshotSchema }),
  z.object({ type: z.literal("log"), level: z.string(), text: z.string(), atMs: z.number() }),
  /** All of them, at most four times a second. */
  z.object({ type: z.literal("downloads"), downloads: z.array(downloadSchema) }),
  /** Settings or surface changed elsewhere: fetch again. */
  z.object({
    type: z.literal("changed"),
    what: z.enum(["settings", "surface", "receipts", "chats", "models", "engines"]),
  }),
]);
export type LiveEvent = z.infer<typeof liveEventSchema>;
