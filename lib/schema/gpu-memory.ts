import * as z from "zod/mini";

const bytes = z.int().check(z.minimum(0));

export const gpuBackendSchema = z.enum(["cuda", "vulkan", "metal", "none"]);
export type GpuBackend = z.infer<typeof gpuBackendSchema>;

/**
 * What llama.cpp's buffers do not show: driver context, kernels, pools.
 * `cautious` is the starting value of the backend, `learned` comes from receipts of this device, driver and backend.
 */
export const overheadSchema = z.object({
  bytes,
  source: z.enum(["cautious", "learned"]),
  samples: z.int().check(z.minimum(0)),
  /** Largest minus smallest of the samples. */
  spreadBytes: bytes,
});
export type Overhead = z.infer<typeof overheadSchema>;

/** One of several cards: what it has, and what is left of it for the next load together with what our engine holds. */
const pooledCardSchema = z.object({
  name: z.string(),
  totalBytes: bytes,
  freeBytes: bytes,
  heldByEngineBytes: bytes,
});
export type PooledCard = z.infer<typeof pooledCardSchema>;

/** Memory of the one device that Headroom plans for, at one moment. total = usedByOthers + heldByEngine + free, as far as the source tells. */
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
  /** Where the numbers come from. `assumed`: typed in by the user or a conservative stand-in. */
  source: z.enum(["nvidia-smi", "engine", "assumed"]),
  /** In the engine's order, where these figures are those of several cards together. */
  cards: z.optional(z.array(pooledCardSchema)),
  /** Where two sources tell different things: which one is believed, in a sentence. */
  note: z.optional(z.string()),
});
export type GpuMemory = z.infer<typeof gpuMemorySchema>;

const gpuProcessSchema = z.object({ pid: z.int(), name: z.string(), usedBytes: bytes });

/** The result of looking for a GPU. No GPU is an outcome, not an error: `memory` is null and `reason` and `remedy` say why and what to do. */
export const gpuReportSchema = z.object({
  memory: z.nullable(gpuMemorySchema),
  reason: z.nullable(z.string()),
  remedy: z.nullable(z.string()),
  driverVersion: z.nullable(z.string()),
  devices: z.array(z.string()),
  utilizationPercent: z.nullable(z.number()),
  temperatureCelsius: z.nullable(z.number()),
  powerWatts: z.nullable(z.number()),
  processes: z.array(gpuProcessSchema),
  /** Epoch milliseconds of the reading; older than a few seconds is stale. */
  readAtMs: z.number(),
});
export type GpuReport = z.infer<typeof gpuReportSchema>;

export const systemMemorySchema = z.object({
  totalBytes: bytes,
  availableBytes: bytes,
  /** Memory that our engine gives back when its model goes: not the pages of a mapped file, which count as available. Missing: not known. */
  heldByEngineBytes: z.optional(bytes),
});
export type SystemMemory = z.infer<typeof systemMemorySchema>;
