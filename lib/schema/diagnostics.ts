import * as z from "zod/mini";
import { engineSnapshotSchema } from "./live-events";
import { gpuReportSchema, systemMemorySchema } from "./plans/gpu-memory";
import { threadChoiceSchema } from "./settings/thread-choice";

/** A graphics controller that the system's own tools list, whether or not a backend can use it. */
export const graphicsCardSchema = z.object({
  vendor: z.string(),
  model: z.string(),
  /** null if the system does not report it, as for most integrated ones. */
  vramBytes: z.nullable(z.int().check(z.minimum(0))),
  driverVersion: z.nullable(z.string()),
});
export type GraphicsCard = z.infer<typeof graphicsCardSchema>;

/** GET /api/diagnostics: facts that help a person find the cause of a problem. Contains no secrets, because people send it to others. */
export const diagnosticsSchema = z.object({
  version: z.string(),
  nodeVersion: z.string(),
  /** "linux x64 6.1.0" */
  system: z.string(),
  cpu: z.object({
    model: z.string(),
    threads: z.int().check(z.minimum(1)),
    /** Vector extensions that llama.cpp has kernels for; empty if the system does not report them. */
    features: z.array(z.string()),
  }),
  memory: systemMemorySchema,
  engine: engineSnapshotSchema,
  gpu: gpuReportSchema,
  graphics: z.array(graphicsCardSchema),
  /** What THREADS "auto" means for the chosen model; null if the model cannot be read. */
  threads: z.nullable(threadChoiceSchema),
  folders: z.object({ home: z.string(), models: z.string() }),
  /** Problems in files that were read at the start. */
  notices: z.array(z.string()),
  /** Oldest first. */
  log: z.array(z.object({ level: z.string(), text: z.string(), atMs: z.number() })),
});
export type Diagnostics = z.infer<typeof diagnosticsSchema>;
