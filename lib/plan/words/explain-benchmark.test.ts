import { describe, expect, it } from "vitest";
import type { BenchmarkRow, BenchmarkWayId } from "@/lib/schema/benchmark";
import { benchmarkRow, benchmarkRun, measuredSpeed } from "@/lib/schema/testing/benchmark-run";
import { MIB } from "@/lib/units/bytes";
import { benchmarkMeaning, benchmarkMemory, benchmarkSentence } from "./explain-benchmark";

const row = (id: BenchmarkWayId, decodeTokensPerSecond: number, gpuLayers = 0, ram = 200, decodeSpread = 0.02) =>
  benchmarkRow({
    id,
    gpuLayers,
    totalLayers: 33,
    predicted: { gpuBytes: gpuLayers * 100 * MIB, ramBytes: ram * MIB },
    kv: { gpuBytes: gpuLayers * 25 * MIB, ramBytes: 50 * MIB },
    actual: { gpuBytes: gpuLayers * 100 * MIB + MIB, ramBytes: ram * MIB },
    speed: measuredSpeed(decodeTokensPerSecond, decodeSpread),
  });

const run = (gpuName: string | null, rows: BenchmarkRow[]) =>
  benchmarkRun({ rows }, { backend: gpuName === null ? "none" : "cuda", gpuName });

describe("benchmarkSentence", () => {
  it("names the fastest way, its gain and the layers that make it", () => {
    const rows = [row("none", 10, 20), row("kv-cache", 15, 28), row("flash-attention", 12, 21), row("all", 25, 33)];
    expect(benchmarkSentence(run("P4000", rows))).toBe(
      "“All” decodes fastest: 25 tokens/s, 2.50 times as fast as without optimization. 33 instead of 20 of 33 layers are on the GPU.",
    );
  });

  it("does not call a difference within the spread of the repeats a gain", () => {
    const rows = [row("none", 60, 0, 200, 0.05), row("flash-attention", 62, 0, 198), row("all", 55, 0, 134)];
    expect(benchmarkSentence(run(null, rows))).toBe(
      "No way decodes clearly faster than without optimization: 62 tokens/s at best. A q4_0 cache with flash attention saves 66 MiB of system memory.",
    );
  });

  it("says so where nothing could be measured", () => {
    expect(benchmarkSentence(run(null, [{ ...row("none", 1), speed: null }]))).toBe(
      "None of the four ways could be measured.",
    );
  });
});

describe("benchmarkMemory", () => {
  it("is the card's where there is one, and system memory's otherwise", () => {
    const measured = row("none", 10, 20);
    expect(benchmarkMemory(measured, run("P4000", []).subject)).toEqual({
      predictedBytes: 2000 * MIB,
      actualBytes: 2001 * MIB,
      kvShare: 0.25,
    });
    expect(benchmarkMemory(measured, run(null, []).subject)).toEqual({
      predictedBytes: 200 * MIB,
      actualBytes: 200 * MIB,
      kvShare: 0.25,
    });
  });

  it("has no KV share on a card where nothing was placed", () => {
    expect(benchmarkMemory(row("none", 10, 0), run("P4000", []).subject).kvShare).toBeNull();
  });
});

describe("benchmarkMeaning", () => {
  it("says what four rows without a GPU compare", () => {
    expect(benchmarkMeaning(run(null, []).subject)).toContain("no layers are offloaded");
  });
});
