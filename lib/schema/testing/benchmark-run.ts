import type { BenchmarkRow, BenchmarkRun, BenchmarkSubject, MeasuredSpeed } from "../benchmark";

/** A run without rows, of a tiny model on the CPU. */
export const benchmarkRun = (
  change: Partial<BenchmarkRun> = {},
  subject: Partial<BenchmarkSubject> = {},
): BenchmarkRun => ({
  id: "1",
  atMs: 0,
  elapsedMs: 1,
  subject: {
    modelName: "tiny.gguf",
    modelFileBytes: 1000,
    contextTokens: 4096,
    batchTokens: 512,
    targetVramUsage: 0.8,
    threads: 2,
    backend: "none",
    gpuName: null,
    ...subject,
  },
  llamaCppRelease: "b1",
  rows: [],
  ...change,
});

/** A row that was planned and not measured. */
export const benchmarkRow = (change: Partial<BenchmarkRow> = {}): BenchmarkRow => ({
  id: "none",
  kvType: "f16",
  flashAttention: "off",
  gpuLayers: 0,
  totalLayers: 31,
  predicted: { gpuBytes: 0, ramBytes: 0 },
  kv: { gpuBytes: 0, ramBytes: 0 },
  actual: null,
  loadMs: null,
  speed: null,
  lowered: null,
  problem: null,
  ...change,
});

export const measuredSpeed = (decodeTokensPerSecond: number, decodeSpread: number): MeasuredSpeed => ({
  promptTokens: 512,
  generatedTokens: 64,
  repeats: 3,
  prefillTokensPerSecond: 300,
  decodeTokensPerSecond,
  decodeSpread,
});
