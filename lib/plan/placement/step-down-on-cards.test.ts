import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { MIB } from "@/lib/units/bytes";
import { mistralSurface, p4000 } from "../testing/surface-fixtures";
import { stepDown } from "./step-down";

const config: LoadConfig = {
  modelPath: "m.gguf",
  gpuLayers: 20,
  tensorSplit: [10, 10],
  contextTokens: 32_768,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  threads: 2,
  useMmap: true,
};

const cardsWith = (...freeMib: readonly number[]): GpuMemory => ({
  ...p4000,
  placesExperts: true,
  cards: freeMib.map((mib, position) => ({
    name: "GeForce RTX 3060",
    totalBytes: 12_288 * MIB,
    freeBytes: mib * MIB,
    heldByEngineBytes: 0,
    overheadBytes: 0,
    position,
  })),
});

describe("stepping down on several cards", () => {
  // A layer is 245.03 MiB, the compute buffer 185: ten blocks take 2,635.3, and an eleventh does not fit into 2,700.
  it.each([
    [1, 1, [10, 9]],
    [1, 246, [10, 8]],
    [0, 1, [9, 10]],
  ])("takes layers off card %i where %i MiB were missing there", (failedCard, missingMib, tensorSplit) => {
    const lower = stepDown(mistralSurface, config, missingMib * MIB, cardsWith(2700, 2700), failedCard);
    expect(lower).toEqual({ ...config, gpuLayers: 19 - (missingMib > 245 ? 1 : 0), tensorSplit });
  });

  it("gives no card more than is free there now", () => {
    // One block and its share of the compute buffer, 185 MiB: 430.
    const lower = stepDown(mistralSurface, config, 1, cardsWith(440, 3000), 0);
    expect(lower?.tensorSplit?.[0] ?? 0).toBeLessThanOrEqual(1);
  });

  it("takes layers off each card where it is not known which one failed", () => {
    const lower = stepDown(mistralSurface, config, 1, cardsWith(3000, 3000));
    expect(lower?.tensorSplit).toEqual([9, 9]);
  });

  it("ends on the CPU, without a split", () => {
    const lower = stepDown(mistralSurface, config, 1, cardsWith(0, 0), 1);
    expect(lower).toMatchObject({ gpuLayers: 0 });
    expect(lower).not.toHaveProperty("tensorSplit");
  });
});
