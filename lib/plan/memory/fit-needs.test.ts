import { describe, expect, it } from "vitest";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { LayerKv, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { mistralSurface } from "../testing/surface-fixtures";
import { fitNeed, fitNeeds, mostGpuLayers } from "./fit-needs";
import { memoryNeed } from "./memory-need";

const noKv: LayerKv = { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 };
const layer = (index: number, kv: LayerKv): LayerMemory => ({
  index,
  role: index === 0 ? "block" : "output",
  kind: index === 0 ? "sliding-window" : "output",
  experts: 0,
  weightsBytes: 0,
  activeBytes: 0,
  expertBytes: 0,
  attentionWidth: 0,
  attentionHeads: 0,
  kv,
});

/** One windowed block: 2,048 bytes a cell up to 768 cells (512 + 256). Compute falls by 125,000 bytes for every 256 tokens. */
const column = {
  gpuLayers: 2,
  points: [
    { contextTokens: 256, gpuBytes: 3_000_000, ramBytes: 0 },
    { contextTokens: 2304, gpuBytes: 2_000_000, ramBytes: 0 },
  ],
};
const windowed: MemorySurface = {
  ...mistralSurface,
  model: { ...mistralSurface.model, blocks: 1 },
  batchTokens: 256,
  layers: [layer(0, { ...noKv, growth: "window", windowTokens: 512, kElementsPerCell: 1024 }), layer(1, noKv)],
  gpuWeightsBytes: [0, 0, 0],
  ramWeightsBytes: [0, 0, 0],
  compute: ofEachElementType(() => [column]),
};

describe("what must fit", () => {
  it("never falls where the dry runs fall: the highest need is where the window is full, between two samples", () => {
    const said = (contextTokens: number) =>
      memoryNeed(windowed, { gpuLayers: 2, contextTokens, kvType: "f16" }).gpu.totalBytes;
    // 2,750,000 + 768 * 2,048; 2,625,000 + 768 * 2,048; 2,000,000 + 768 * 2,048
    expect([said(768), said(1024), said(2304)]).toEqual([4_322_864, 4_197_864, 3_572_864]);
    for (const contextTokens of [768, 1024, 2304, 100_000])
      expect(fitNeed(windowed, { gpuLayers: 2 }, contextTokens, "f16")).toBe(4_322_864);
  });

  it("is what the dry runs said wherever they rise: Mistral 7B from two layers on", () => {
    const needs = fitNeeds(mistralSurface, 32_768, "f16");
    for (const gpuLayers of [2, 21, 32, 33])
      expect(needs[gpuLayers]).toBe(
        memoryNeed(mistralSurface, { gpuLayers, contextTokens: 32_768, kvType: "f16" }).gpu.totalBytes,
      );
  });

  it("is tested from all layers down: a full offload may need less than one layer fewer", () => {
    expect(mostGpuLayers(Float64Array.of(0, 10, 20, 40, 30), 30)).toBe(4);
    expect(mostGpuLayers(Float64Array.of(0, 10, 20, 40, 50), 30)).toBe(2);
    expect(mostGpuLayers(Float64Array.of(5, 10, 20, 40, 50), 9)).toBe(0);
  });
});
