import { describe, expect, it } from "vitest";
import { type BenchmarkSubject, decodeChange, earlierRunOf } from "./benchmark";
import { benchmarkRow, benchmarkRun, measuredSpeed } from "./testing/benchmark-run";

const run = (atMs: number, subject: Partial<BenchmarkSubject> = {}) => benchmarkRun({ atMs }, subject);

const row = (decodeTokensPerSecond: number, decodeSpread: number) =>
  benchmarkRow({ speed: measuredSpeed(decodeTokensPerSecond, decodeSpread) });

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
