import { describe, expect, it } from "vitest";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { ComputeColumn, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { mistralSurface } from "../testing/surface-fixtures";
import { calibrateEstimate } from "./calibrate-estimate";
import { computeBytes } from "./memory-need";

const column = (
  gpuLayers: number,
  points: [contextTokens: number, gpuBytes: number, ramBytes: number][],
): ComputeColumn => ({
  gpuLayers,
  points: points.map(([contextTokens, gpuBytes, ramBytes]) => ({ contextTokens, gpuBytes, ramBytes })),
});
const surfaceOf = (columns: ComputeColumn[]): MemorySurface => ({
  ...mistralSurface,
  computeSource: "estimated",
  compute: ofEachElementType(() => columns),
});

const split = column(1, [
  [512, 1500, 10],
  [8192, 3000, 10],
]);
const full = column(33, [
  [512, 1200, 10],
  [8192, 2400, 10],
]);
const header = surfaceOf([
  column(0, [
    [512, 0, 1200],
    [8192, 0, 2400],
  ]),
  split,
  full,
]);

describe("an estimate that knows the CPU's dry runs", () => {
  const filled = surfaceOf([
    column(0, [
      [512, 0, 1000],
      [8192, 0, 1600],
    ]),
    split,
    full,
  ]);
  const calibrated = calibrateEstimate(header, filled);
  const gpuBytes = (gpuLayers: number, contextTokens: number) =>
    computeBytes(calibrated, { gpuLayers, contextTokens, kvType: "f16" }, "gpuBytes");

  it("has at full offload what the CPU build needs", () => {
    expect([gpuBytes(33, 512), gpuBytes(33, 8192)]).toEqual([1000, 1600]);
  });

  it("brings the split columns down by the same share", () => {
    // 1,500 * 1,000 / 1,200; 3,000 * 1,600 / 2,400
    expect([gpuBytes(1, 512), gpuBytes(1, 8192)]).toEqual([1250, 2000]);
  });

  it("keeps the CPU's own figures, and says that it is estimated", () => {
    expect(calibrated.compute.f16[0]).toEqual(filled.compute.f16[0]);
    expect(calibrated.computeSource).toBe("estimated");
  });

  it("brings the table with experts in RAM down as well", () => {
    const layers = header.layers.map(layer => ({ ...layer, expertBytes: layer.index < 32 ? 1 : 0 }));
    const mixture = { ...header, layers, computeExpertsInRam: header.compute };
    const calibrated = calibrateEstimate(mixture, { ...filled, layers, computeExpertsInRam: header.compute });
    const at = { gpuLayers: 33, contextTokens: 512, kvType: "f16" } as const;
    // The CPU build needs 1,000 of the header's 1,200.
    expect(computeBytes(mixture, { ...at, expertBlocksInRam: 32 }, "gpuBytes")).toBe(1200);
    expect(computeBytes(calibrated, { ...at, expertBlocksInRam: 32 }, "gpuBytes")).toBe(1000);
  });

  it("never goes above the header's bound", () => {
    const larger = surfaceOf([
      column(0, [
        [512, 0, 9000],
        [8192, 0, 9000],
      ]),
      split,
      full,
    ]);
    const kept = calibrateEstimate(header, larger);
    expect(computeBytes(kept, { gpuLayers: 33, contextTokens: 512, kvType: "f16" }, "gpuBytes")).toBe(1200);
  });

  it("keeps the header's bound where the CPU's figures hold the cache as well", () => {
    expect(calibrateEstimate(header, { ...filled, kvSource: "dry-run" })).toBe(header);
  });
});
