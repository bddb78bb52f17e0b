import * as z from "zod/mini";

const bytes = z.int().check(z.minimum(0));

export const gpuBackendSchema = z.enum(["cuda", "vulkan", "metal", "none"]);
export type GpuBackend = z.infer<typeof gpuBackendSchema>;

/**
 * Memory outside llama.cpp's buffers: driver context, kernels, pools.
 * `cautious` is the backend's starting value. `learned` comes from receipts of this device, driver and backend.
 */
export const overheadSchema = z.object({
  bytes,
  source: z.enum(["cautious", "learned"]),
  samples: z.int().check(z.minimum(0)),
  /** Largest minus smallest of the samples. */
  spreadBytes: bytes,
});
export type Overhead = z.infer<typeof overheadSchema>;

/** One of several cards: its total, and what the next load can use, which is free memory and what our engine holds. */
const pooledCardSchema = z.object({
  name: z.string(),
  totalBytes: bytes,
  freeBytes: bytes,
  heldByEngineBytes: bytes,
  /** Its index among the engine's cards; missing if the engine cannot be told how to share layers. */
  position: z.optional(z.int().check(z.minimum(0))),
  /** Outside llama.cpp's buffers, on this card alone. */
  overheadBytes: z.optional(bytes),
});
export type PooledCard = z.infer<typeof pooledCardSchema>;

/** A file that is loaded beside the model: it reads pictures, or drafts tokens. */
const besideModelSchema = z.object({
  kind: z.enum(["pictures", "draft"]),
  name: z.string(),
  bytes,
  /** Position of the card that it is on; missing if there is one, and for the first. */
  card: z.optional(z.int().check(z.minimum(0))),
});
export type BesideModel = z.infer<typeof besideModelSchema>;

/** Memory of the device that Headroom plans for, at one moment. total = usedByOthers + heldByEngine + free, as far as the source reports it. */
export const gpuMemorySchema = z.object({
  name: z.string(),
  backend: gpuBackendSchema,
  /** `shared`: an integrated GPU that takes system memory; `software`: a CPU rasterizer such as lavapipe. */
  kind: z.enum(["dedicated", "shared", "software", "unknown"]),
  totalBytes: bytes,
  usedByOthersBytes: bytes,
  heldByEngineBytes: bytes,
  freeBytes: bytes,
  overhead: overheadSchema,
  /** Source of the numbers. `kernel`: Linux's files of the card. `assumed`: typed in by the user, or a cautious assumption. */
  source: z.enum(["nvidia-smi", "kernel", "engine", "assumed"]),
  /** Whether the engine can keep experts in RAM while the rest of their block is on this card; missing: not known, so it cannot. */
  placesExperts: z.optional(z.boolean()),
  /** How fast this computer's processor reads system memory, where that was measured: it weighs experts in RAM against layers in RAM. */
  ramBytesPerSecond: z.optional(z.number().check(z.positive())),
  /** Threads that compute what is in system memory, where that is known. */
  threads: z.optional(z.int().check(z.positive())),
  /** System memory that the next load can have, where that is known: what is available, and what our engine gives back. */
  availableRamBytes: z.optional(bytes),
  /** Set where the figures are for several cards together; in the engine's order. */
  cards: z.optional(z.array(pooledCardSchema)),
  /** Counted in the overhead; missing if nothing is loaded beside the model. */
  beside: z.optional(z.array(besideModelSchema)),
  /** Set where two sources disagree: a sentence on which one is used. */
  note: z.optional(z.string()),
});
export type GpuMemory = z.infer<typeof gpuMemorySchema>;

/** One card that the engine uses, at one moment; null for what its driver does not report. */
const cardReadingSchema = z.object({
  /** Its UUID, or its bus address: the same in each reading, whatever else comes or goes. */
  id: z.string(),
  name: z.string(),
  pciAddress: z.nullable(z.string()),
  /** As in `pooledCardSchema`. Where another card was lost, it is not the same as the place in this list. */
  position: z.optional(z.int().check(z.minimum(0))),
  memory: z.nullable(z.object({ totalBytes: bytes, freeBytes: bytes, heldByEngineBytes: bytes })),
  utilizationPercent: z.nullable(z.number()),
  temperatureCelsius: z.nullable(z.number()),
  powerWatts: z.nullable(z.number()),
});
export type CardReading = z.infer<typeof cardReadingSchema>;

const gpuProcessSchema = z.object({ pid: z.int(), name: z.string(), usedBytes: bytes });

/** The result of looking for a GPU. Finding none is not an error: then `memory` is null, and `reason` and `remedy` say why and what to do. */
export const gpuReportSchema = z.object({
  memory: z.nullable(gpuMemorySchema),
  reason: z.nullable(z.string()),
  remedy: z.nullable(z.string()),
  driverVersion: z.nullable(z.string()),
  devices: z.array(z.string()),
  /** The cards that the engine uses, in its order. Empty if they cannot be told from others. */
  cards: z.array(cardReadingSchema),
  /** Cards that the engine used since it started and that no longer answer. The plan is made without them. */
  lostCards: z.array(z.object({ id: z.string(), name: z.string(), pciAddress: z.nullable(z.string()) })),
  processes: z.array(gpuProcessSchema),
  /** Epoch milliseconds of the reading; older than a few seconds is stale. */
  readAtMs: z.number(),
});
export type GpuReport = z.infer<typeof gpuReportSchema>;

export const systemMemorySchema = z.object({
  totalBytes: bytes,
  availableBytes: bytes,
  /** Memory that our engine frees when its model is unloaded. Pages of a mapped file do not count: they are available already. Missing when not known. */
  heldByEngineBytes: z.optional(bytes),
  /** What takes of it beside the model that is planned; missing if nothing does. */
  beside: z.optional(z.array(besideModelSchema)),
});
export type SystemMemory = z.infer<typeof systemMemorySchema>;

/** What an embedding model takes of system memory. */
export const embeddingMemorySchema = z.object({
  weightsBytes: bytes,
  /** 0 for models that read a text in both directions: they keep nothing. */
  kvBytes: bytes,
  computeBytes: bytes,
});
export type EmbeddingMemory = z.infer<typeof embeddingMemorySchema>;
