import { describe, expect, it } from "vitest";
import { type BenchmarkRow, type BenchmarkRun, decodeChange, earlierRunOf } from "./benchmark";

const run = (atMs: number, subject: Partial<BenchmarkRun["subject"]> = {}): BenchmarkRun => ({
  id: `at ${atMs}`,
  atMs,
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
});

const row = (decodeTokensPerSecond: number, decodeSpread: number): BenchmarkRow => ({
  id: "none",
  kvType: "f16",
  flashAttention: "off",
  gpuLayers: 0,
  totalLayers: 31,
  predicted: { gpuBytes: 0, ramBytes: 1 },
  kv: { gpuBytes: 0, ramBytes: 1 },
  actual: { gpuBytes: 0, ramBytes: 1 },
  loadMs: 1,
  speed: {
    promptTokens: 512,
    generatedTokens: 64,
    repeats: 3,
    prefillTokensPerSecond: 300,
    decodeTokensPerSecond,
    decodeSpread,
  },
  lowered: null,
  problem: null,
});

describe("earlierRunOf", () => {
  it("takes the newest of the runs before, never a later one", () => {
    const runs = [run(4), run(3), run(2), run(1)];
    expect(earlierRunOf(run(3), runs)?.atMs).toBe(2);
  });

  it.each([{ contextTokens: 8192 }, { modelFileBytes: 1001 }, { threads: 1 }, { gpuName: "Quadro P4000" }])(
    "does not compare with a run that measured something else: %o",
    other => {
      expect(earlierRunOf(run(3), [run(2, other)])).toBeNull();
    },
  );
});

describe("decodeChange", () => {
  it("is the gain over the earlier run", () => {
    expect(decodeChange(row(60, 0.02), row(50, 0.02))).toBeCloseTo(0.2);
  });

  it("is no change where the repeats of either run were as far apart", () => {
    expect(decodeChange(row(52, 0.01), row(50, 0.05))).toBe(0);
  });

  it("is unknown without an earlier row, or where a row could not be measured", () => {
    expect(decodeChange(row(52, 0.01), undefined)).toBeNull();
    expect(decodeChange({ ...row(52, 0.01), speed: null }, row(50, 0.01))).toBeNull();
  });
});
