import * as z from "zod/mini";
import { gpuBackendSchema } from "./gpu-memory";
import { bufferSplitSchema, buffersSchema, loadConfigSchema } from "./load-config";

const bytes = z.int();

export const memoryPartsSchema = z.object({
  weightsBytes: bytes,
  kvBytes: bytes,
  computeBytes: bytes,
  overheadBytes: bytes,
  totalBytes: bytes,
});
export type MemoryParts = z.infer<typeof memoryPartsSchema>;

/** What one load was predicted to take on the GPU and what it took, part by part. Every load leaves one. */
export const receiptSchema = z.object({
  id: z.string(),
  atMs: z.number(),
  modelName: z.string(),
  device: z.string(),
  driverVersion: z.nullable(z.string()),
  backend: gpuBackendSchema,
  config: loadConfigSchema,
  totalLayers: z.int(),
  /** What LAYERS asked for; differs from config.gpuLayers when a load stepped down. */
  requestedGpuLayers: z.int(),
  /** Set when something was lowered to make it fit: what, and why. */
  lowered: z.nullable(z.string()),
  predicted: memoryPartsSchema,
  actual: memoryPartsSchema,
  buffers: buffersSchema,
  split: bufferSplitSchema,
  /** The driver's counter; null where none can be trusted. */
  deviceUsedBeforeBytes: z.nullable(bytes),
  deviceUsedAfterBytes: z.nullable(bytes),
  /** (after - before) - buffers: feeds the learned overhead. */
  measuredOverheadBytes: z.nullable(bytes),
  loadMs: z.number(),
  tokensPerSecond: z.nullable(z.number()),
});
export type Receipt = z.infer<typeof receiptSchema>;
