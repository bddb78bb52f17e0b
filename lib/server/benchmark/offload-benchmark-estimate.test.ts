import { describe, expect, it } from "vitest";
import type { BenchmarkSubject } from "@/lib/schema/benchmark";
import { benchmarkRow, benchmarkRun } from "@/lib/schema/testing/benchmark-run";
import { estimateRowMs, progressAt } from "./offload-benchmark-estimate";

const { subject } = benchmarkRun({}, { modelFileBytes: 90_000_000 });
const sizes = { promptTokens: 512, generatedTokens: 64, repeats: 3, limitMs: 40_000 };

const run = (elapsedMs: number, change: Partial<BenchmarkSubject>) =>
  benchmarkRun({ elapsedMs, rows: Array.from({ length: 4 }, () => benchmarkRow()) }, { ...subject, ...change });

describe("estimateRowMs", () => {
  it("guesses from the file's size before anything was measured", () => {
    // 2000 ms, 90 ms to read; a token decodes in 15 ms: (64 + 512/5) * 15 * 3 = 7488 ms.
    expect(estimateRowMs(subject, [], sizes)).toBeCloseTo(2000 + 90 + 7488);
  });

  it("guesses no more than the limit for measuring, however large the model", () => {
    expect(estimateRowMs({ ...subject, modelFileBytes: 40e9 }, [], sizes)).toBe(2000 + 40_000 + 40_000);
  });

  it("takes the time of the last run with this model, on this device before any other", () => {
    const runs = [run(80_000, { gpuName: "P4000" }), run(40_000, {}), run(20_000, { modelName: "other.gguf" })];
    expect(estimateRowMs(subject, runs, sizes)).toBe(10_000);
    expect(estimateRowMs({ ...subject, gpuName: "A10" }, runs, sizes)).toBe(20_000);
  });
});

describe("progressAt", () => {
  it("goes by the estimate until the first row is done", () => {
    const times = { nowMs: 4_000, startedAtMs: 0, rowStartedAtMs: 0, doneRows: 0, estimateRowMs: 10_000 };
    expect(progressAt(times)).toEqual({ fraction: 0.1, remainingMs: 36_000 });
  });

  it("goes by the rows that are done from then on", () => {
    // Two rows took 10 s; the third began at 10 s: 2 s of its 5 s are over, 3 s and one more row are left.
    const times = { nowMs: 12_000, startedAtMs: 0, rowStartedAtMs: 10_000, doneRows: 2, estimateRowMs: 99_000 };
    expect(progressAt(times)).toEqual({ fraction: 0.6, remainingMs: 8_000 });
  });

  it("does not promise less than the rows that have not begun when a row takes long", () => {
    const times = { nowMs: 100_000, startedAtMs: 0, rowStartedAtMs: 10_000, doneRows: 2, estimateRowMs: 1 };
    expect(progressAt(times).remainingMs).toBe(5_000);
  });

  it("is at its end when all rows are done", () => {
    const times = { nowMs: 21_000, startedAtMs: 0, rowStartedAtMs: 20_000, doneRows: 4, estimateRowMs: 1 };
    expect(progressAt(times)).toEqual({ fraction: 1, remainingMs: 0 });
  });
});
