import * as z from "zod/mini";
import { gpuBackendSchema } from "./gpu-memory";
import { bufferSplitSchema, buffersSchema, loadConfigSchema } from "./load-config";
import { planSpeedSchema, speedPartsSchema } from "./plan-speed";

const bytes = z.int();

export const memoryPartsSchema = z.object({
  weightsBytes: bytes,
  kvBytes: bytes,
  computeBytes: bytes,
  overheadBytes: bytes,
  totalBytes: bytes,
});
export type MemoryParts = z.infer<typeof memoryPartsSchema>;

/** A measured speed, and how many tokens were in the context then, on average. */
const measuredRateSchema = z.object({ tokensPerSecond: z.number().check(z.positive()), contextTokens: z.number() });
export type MeasuredRate = z.infer<typeof measuredRateSchema>;

/** Speed of one load, predicted and measured. */
const receiptSpeedSchema = z.object({
  /** As it was shown before the load. */
  predicted: planSpeedSchema,
  /** Seconds of a token as planned, without what earlier loads had taught: with an empty and a full context, in a short and a long prompt. */
  parts: z.object({
    empty: speedPartsSchema,
    full: speedPartsSchema,
    prompt: speedPartsSchema,
    longPrompt: speedPartsSchema,
  }),
  decode: z.nullable(measuredRateSchema),
  prefill: z.nullable(measuredRateSchema),
});
export type ReceiptSpeed = z.infer<typeof receiptSpeedSchema>;

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
  /** The driver's counter; null if no counter is reliable. */
  deviceUsedBeforeBytes: z.nullable(bytes),
  deviceUsedAfterBytes: z.nullable(bytes),
  /** (after - before) - buffers. The overhead is learned from this. */
  measuredOverheadBytes: z.nullable(bytes),
  loadMs: z.number(),
  /** Of the load's best answer so far. */
  tokensPerSecond: z.nullable(z.number()),
  /** Receipts of earlier versions have none. */
  speed: z.optional(receiptSpeedSchema),
});
export type Receipt = z.infer<typeof receiptSchema>;
