import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";
import { gpuBackendSchema } from "./plans/gpu-memory";
import { type FlashAttention, flashAttentionSchema, type KvType, kvTypeSchema } from "./plans/kv-type";

/** The four ways to load the model that are compared, in the order in which they run. */
export const benchmarkWayIds = ["none", "kv-cache", "flash-attention", "all"] as const;
const benchmarkWayIdSchema = z.enum(benchmarkWayIds);
export type BenchmarkWayId = z.infer<typeof benchmarkWayIdSchema>;

interface BenchmarkWay {
  readonly label: string;
  readonly kvType: KvType;
  readonly flashAttention: FlashAttention;
  /** An explanation that label and values do not give. */
  readonly note: string | null;
}

/**
 * llama.cpp creates no quantized V cache without flash attention, so "+ KV quantization" has both, with the milder type. Its
 * difference to "+ flash attention" is the effect of quantization alone. "All" uses the strongest type.
 */
export const benchmarkWays = {
  none: {
    label: "No optimization",
    kvType: "f16",
    flashAttention: "off",
    note: null,
  },
  "kv-cache": {
    label: "+ KV quantization",
    kvType: "q8_0",
    flashAttention: "on",
    note: "llama.cpp makes no quantized cache without flash attention, so it is on here too. What quantization alone does is the difference to “+ flash attention”.",
  },
  "flash-attention": {
    label: "+ flash attention",
    kvType: "f16",
    flashAttention: "on",
    note: null,
  },
  all: {
    label: "All",
    kvType: "q4_0",
    flashAttention: "on",
    note: null,
  },
} as const satisfies Record<BenchmarkWayId, BenchmarkWay>;

const bytes = z.int().check(z.minimum(0));
const byDeviceSchema = z.object({ gpuBytes: bytes, ramBytes: bytes });

/** Medians over the repeats. */
export const measuredSpeedSchema = z.object({
  promptTokens: z.int(),
  generatedTokens: z.int(),
  repeats: z.int(),
  prefillTokensPerSecond: z.number(),
  decodeTokensPerSecond: z.number(),
  /** Fastest minus slowest decode of the repeats, as a share of the median. A smaller difference between rows means nothing. */
  decodeSpread: z.number(),
});
export type MeasuredSpeed = z.infer<typeof measuredSpeedSchema>;

/** One way, planned, loaded and measured. `problem` says why that failed; the other rows are still valid. */
export const benchmarkRowSchema = z.object({
  id: benchmarkWayIdSchema,
  kvType: kvTypeSchema,
  flashAttention: flashAttentionSchema,
  gpuLayers: z.int(),
  totalLayers: z.int(),
  /** llama.cpp's buffers by its dry run. Memory outside them (driver context, kernels) is in neither figure. */
  predicted: byDeviceSchema,
  kv: byDeviceSchema,
  actual: z.nullable(byDeviceSchema),
  loadMs: z.nullable(z.number()),
  speed: z.nullable(measuredSpeedSchema),
  /** What was lowered after memory ran out while loading; null when nothing was. */
  lowered: z.nullable(z.string()),
  problem: z.nullable(errorBodySchema),
});
export type BenchmarkRow = z.infer<typeof benchmarkRowSchema>;

/** The conditions of a run. Runs are comparable only if all of these are equal. */
const benchmarkSubjectSchema = z.object({
  /** Name of the file. */
  modelName: z.string(),
  modelFileBytes: bytes,
  contextTokens: z.int(),
  batchTokens: z.int(),
  targetVramUsage: z.number(),
  threads: z.int(),
  backend: gpuBackendSchema,
  /** The card, or null if everything ran on the CPU. */
  gpuName: z.nullable(z.string()),
});
export type BenchmarkSubject = z.infer<typeof benchmarkSubjectSchema>;

export const benchmarkRunSchema = z.object({
  id: z.string(),
  atMs: z.number(),
  elapsedMs: z.number(),
  subject: benchmarkSubjectSchema,
  llamaCppRelease: z.string(),
  rows: z.array(benchmarkRowSchema),
});
export type BenchmarkRun = z.infer<typeof benchmarkRunSchema>;

export const benchmarkStepSchema = z.enum(["planning", "loading", "measuring", "restoring"]);
export type BenchmarkStep = z.infer<typeof benchmarkStepSchema>;

/** A benchmark that is running. `rows` has the finished rows. */
export const benchmarkProgressSchema = z.object({
  startedAtMs: z.number(),
  /** The row being measured; null when all are done and the engine loads its former model again. */
  wayId: z.nullable(benchmarkWayIdSchema),
  step: benchmarkStepSchema,
  fraction: z.number().check(z.minimum(0), z.maximum(1)),
  remainingMs: z.number(),
  cancelling: z.boolean(),
  rows: z.array(benchmarkRowSchema),
});
export type BenchmarkProgress = z.infer<typeof benchmarkProgressSchema>;

/** GET, POST and DELETE /api/benchmark answer with this. */
export const benchmarkStateSchema = z.object({
  /** What a benchmark would measure if started now, and how long it would take; null while no usable model is chosen. */
  next: z.nullable(z.object({ subject: benchmarkSubjectSchema, estimateMs: z.number() })),
  running: z.nullable(benchmarkProgressSchema),
  /** Why the last benchmark has no result: it failed or was cancelled. */
  problem: z.nullable(errorBodySchema),
  /** Newest first. */
  runs: z.array(benchmarkRunSchema),
});
export type BenchmarkState = z.infer<typeof benchmarkStateSchema>;

const subjectKeys = z.keyof(benchmarkSubjectSchema).options;

/** The newest run before `run` that measured the same thing on the same device; `runs` are newest first. */
export const earlierRunOf = (run: BenchmarkRun, runs: readonly BenchmarkRun[]): BenchmarkRun | null =>
  runs.find(other => other.atMs < run.atMs && subjectKeys.every(key => other.subject[key] === run.subject[key])) ??
  null;

/** How much faster decoding got (0.05: by 5 %); null if one of the two was not measured, 0 where the change is within the spread of either. */
export function decodeChange(now: BenchmarkRow, before: BenchmarkRow | undefined): number | null {
  if (!now.speed || !before?.speed) return null;
  const change = now.speed.decodeTokensPerSecond / before.speed.decodeTokensPerSecond - 1;
  return Math.abs(change) <= Math.max(now.speed.decodeSpread, before.speed.decodeSpread) ? 0 : change;
}
