import { describe, expect, it } from "vitest";
import { gpuMemorySchema } from "@/lib/schema/plans/gpu-memory";
import { MIB } from "@/lib/units/bytes";
import { planLayers } from "../placement/plan-layers";
import { mistralSurface, planSettings } from "../testing/surface-fixtures";
import { whatIfCards, whatIfGpu } from "./what-if-cards";

describe("cards that are not here", () => {
  it("are listed from small to large, each once", () => {
    const sizes = whatIfCards.map(card => card.totalMib);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(new Set(whatIfCards.map(card => card.name)).size).toBe(whatIfCards.length);
  });

  it("are valid, assumed, and never more than full", () => {
    for (const card of whatIfCards) {
      const gpu = gpuMemorySchema.parse(whatIfGpu(card, 10_000 * MIB));
      expect([gpu.source, gpu.usedByOthersBytes + gpu.freeBytes]).toEqual(["assumed", gpu.totalBytes]);
    }
  });

  it("never take layers away as they get larger", () => {
    const settings = planSettings({ N_CTX: 32_768 });
    const layers = whatIfCards
      .filter(card => card.backend === "cuda")
      .map(card => planLayers(mistralSurface, whatIfGpu(card), settings).gpuLayers);
    expect(layers).toEqual(layers.toSorted((a, b) => a - b));
    expect(layers.at(-1)).toBe(33);
  });
});
