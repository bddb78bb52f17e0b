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

/** GPU memory of one load, predicted and actual, part by part. Every load leaves a receipt. */
export const receiptSchema = z.object({
  id: z.string(),
  atMs: z.number(),
  modelName: z.string(),
  device: z.string(),
  driverVersion: z.nullable(z.string()),
  backend: gpuBackendSchema,
  config: loadConfigSchema,
  totalLayers: z.int(),
  /** The number of layers first tried. It differs from config.gpuLayers when the load stepped down. */
  requestedGpuLayers: z.int(),
  /** What was lowered to make the load fit, and why; null when nothing was. */
  lowered: z.nullable(z.string()),
  predicted: memoryPartsSchema,
  actual: memoryPartsSchema,
  buffers: buffersSchema,
  split: bufferSplitSchema,
  /** The driver's counter; null where no counter is reliable. */
  deviceUsedBeforeBytes: z.nullable(bytes),
  deviceUsedAfterBytes: z.nullable(bytes),
  /** (after - before) - buffers. The overhead is learned from this. */
  measuredOverheadBytes: z.nullable(bytes),
  loadMs: z.number(),
  tokensPerSecond: z.nullable(z.number()),
  /** Predicted for an empty context, without what earlier loads had measured. Receipts of earlier versions have none. */
  predictedTokensPerSecond: z.optional(z.nullable(z.number())),
});
export type Receipt = z.infer<typeof receiptSchema>;
