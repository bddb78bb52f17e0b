import { describe, expect, it } from "vitest";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { LayerKv, LayerMemory } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { mistralSurface } from "../testing/surface-fixtures";
import { computeBytes, firstGpuBlock, gpuComputeBytes, kvBytesOfLayer, memoryNeed } from "./memory-need";

const layer = (kv: Partial<LayerKv>): LayerMemory => ({
  index: 0,
  role: "block",
  kind: "attention",
  experts: 0,
  weightsBytes: 0,
  activeBytes: 0,
  expertBytes: 0,
  attentionWidth: 0,
  attentionHeads: 0,
  kv: { growth: "full", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0, ...kv },
});
const oneSequence = { batchTokens: 512, sequences: 1 };

describe("KV cache of a layer", () => {
  // Mistral-Small-22B: 56 layers, 8 KV heads of 128. An Ollama log at 49,152 tokens, q8_0: 5712.00 MiB. 5712 / 56 = 102 MiB.
  it("is 102 MiB for Mistral-Small-22B at 49,152 tokens and q8_0, 5,712 MiB for its 56 layers", () => {
    const grouped = layer({ kElementsPerCell: 1024, vElementsPerCell: 1024 });
    const bytes = kvBytesOfLayer(grouped, { contextTokens: 49_152, kvType: "q8_0" }, oneSequence);
    expect(56 * bytes).toBe(5712 * MIB);
  });

  // Llama-3.1-8B: 32 layers, 8 KV heads of 128; 32,768 * 2,048 elements * 2, 34/32 and 18/32 bytes.
  it.each([
    ["f16", 4096],
    ["q8_0", 2176],
    ["q4_0", 1152],
  ] as const)("is for Llama-3.1-8B at 32,768 tokens and %s %i MiB in all", (kvType, mib) => {
    const grouped = layer({ kElementsPerCell: 1024, vElementsPerCell: 1024 });
    expect(32 * kvBytesOfLayer(grouped, { contextTokens: 32_768, kvType }, oneSequence)).toBe(mib * MIB);
  });

  // llama.cpp's log of SmolLM2 135M at 4,096 tokens (30 layers, 3 heads of 64): K (f16) 45.00 MiB, V (q8_0) 23.91 MiB; K (q8_0) 23.91, V (q4_0) 12.66.
  it.each([
    ["f16/q8_0", 45 + 23.906_25],
    ["q8_0/f16", 45 + 23.906_25],
    ["q8_0/q4_0", 23.906_25 + 12.656_25],
  ] as const)("counts K and V by their own types: %s", (kvType, mib) => {
    const grouped = layer({ kElementsPerCell: 192, vElementsPerCell: 192 });
    expect(30 * kvBytesOfLayer(grouped, { contextTokens: 4096, kvType }, oneSequence)).toBe(mib * MIB);
  });

  it("counts no V where there is only K: for latent attention the type of V costs nothing", () => {
    const latent = layer({ kElementsPerCell: 576 });
    const bytes = (kvType: "q8_0/q4_0" | "f16/q4_0") =>
      kvBytesOfLayer(latent, { contextTokens: 4096, kvType }, oneSequence);
    // 4,096 * 576 * 34 / 32 and * 2 bytes
    expect([bytes("q8_0/q4_0"), bytes("f16/q4_0")]).toEqual([2_506_752, 4_718_592]);
  });

  it("counts cells in steps of 256, for each sequence", () => {
    const small = layer({ kElementsPerCell: 32, vElementsPerCell: 32 });
    const at = (contextTokens: number, sequences: number) =>
      kvBytesOfLayer(small, { contextTokens, kvType: "f16" }, { batchTokens: 512, sequences });
    // 1 to 256 tokens: 256 cells * 64 elements * 2 bytes
    expect([at(1, 1), at(256, 1), at(257, 1), at(257, 3)]).toEqual([32_768, 32_768, 65_536, 196_608]);
  });

  it("stops growing where a sliding window is full: the window and one batch, padded", () => {
    const windowed = layer({ growth: "window", windowTokens: 1025, kElementsPerCell: 32 });
    const cells = (contextTokens: number) =>
      kvBytesOfLayer(windowed, { contextTokens, kvType: "f16" }, oneSequence) / 64;
    // 1,025 + 512 = 1,537, padded to 1,792
    expect([cells(512), cells(1537), cells(131_072)]).toEqual([512, 1792, 1792]);
  });

  it("has only K for latent attention, and a fixed state for recurrent layers", () => {
    // DeepSeek V3: 512 + 64 elements a token: 4,096 * 576 * 2 bytes
    const latent = layer({ kElementsPerCell: 576 });
    expect(kvBytesOfLayer(latent, { contextTokens: 4096, kvType: "f16" }, oneSequence)).toBe(4_718_592);
    const recurrent = layer({ growth: "none", fixedBytes: 389_120 });
    expect(kvBytesOfLayer(recurrent, { contextTokens: 131_072, kvType: "q4_0" }, oneSequence)).toBe(389_120);
  });
});

describe("placement", () => {
  it("offloads the output layer first, then the blocks from the last down", () => {
    expect([0, 1, 2, 21, 33].map(gpuLayers => firstGpuBlock(32, gpuLayers))).toEqual([33, 32, 31, 12, 0]);
  });

  it("adds up to the same KV cache and weights on both sides, however they are split", () => {
    const at = (gpuLayers: number) => memoryNeed(mistralSurface, { gpuLayers, contextTokens: 4096, kvType: "f16" });
    for (const gpuLayers of [0, 1, 7, 33]) {
      const { gpu, ram } = at(gpuLayers);
      expect(gpu.kvBytes + ram.kvBytes).toBe(512 * MIB);
      // 73,728,000 + 107,536,384 + 32 * 122,716,160
      expect(gpu.weightsBytes + ram.weightsBytes).toBe(4_108_181_504);
    }
  });

  it("has the logits of each answer at once in system memory, wherever the layers are", () => {
    const compute = (gpuLayers: number, sequences: number) =>
      memoryNeed(mistralSurface, { gpuLayers, sequences, contextTokens: 4096, kvType: "f16" }).ram.computeBytes;
    // 7 more rows of 32,000 tokens, 4 bytes each.
    for (const gpuLayers of [0, 20, 33]) expect(compute(gpuLayers, 8) - compute(gpuLayers, 1)).toBe(896_000);
  });
});

describe("compute buffer between dry runs", () => {
  const column = (gpuLayers: number, ...points: [contextTokens: number, gpuBytes: number][]) => ({
    gpuLayers,
    points: points.map(([contextTokens, gpuBytes]) => ({ contextTokens, gpuBytes, ramBytes: 0 })),
  });
  const f16 = [column(0, [256, 9000]), column(2, [512, 1000], [1024, 2000]), column(12, [512, 3000], [1024, 3000])];
  const surface = { ...mistralSurface, compute: { ...mistralSurface.compute, f16 } };
  const at = (gpuLayers: number, contextTokens: number) =>
    computeBytes(surface, { gpuLayers, contextTokens, kvType: "f16" }, "gpuBytes");

  it("is the dry run's figure at a sample, linear between two over the context, and the larger of two over layers", () => {
    expect([at(2, 512), at(2, 1024), at(2, 768)]).toEqual([1000, 2000, 1500]);
    // 1,500 and 3,000
    expect(at(7, 768)).toBe(3000);
  });

  it("is linear over layers as well where the columns hold the cache, which grows with each layer", () => {
    const ofCache = { ...surface, kvSource: "dry-run" } as const;
    // half-way from 1,500 to 3,000
    expect(computeBytes(ofCache, { gpuLayers: 7, contextTokens: 768, kvType: "f16" }, "gpuBytes")).toBe(2250);
    expect(gpuComputeBytes(ofCache, 768, "f16")[7]).toBe(2250);
  });

  it("is what a dry run of exactly this configuration said, and of no other", () => {
    const point = { gpuLayers: 7, contextTokens: 768, kvType: "f16", gpuBytes: 777, ramBytes: 7 } as const;
    const confirmed = { ...surface, confirmed: [point] };
    const said = (gpuLayers: number, contextTokens: number) =>
      computeBytes(confirmed, { gpuLayers, contextTokens, kvType: "f16" }, "gpuBytes");
    // 700 tokens are padded to 768.
    expect([said(7, 768), said(7, 700), said(8, 768), said(7, 1024)]).toEqual([777, 777, 3000, 3000]);
    expect(gpuComputeBytes(confirmed, 700, "f16")[7]).toBe(777);
  });

  it("is the mean of both types' tables where K and V differ, until exactly this was confirmed", () => {
    const q8_0 = [column(0, [256, 9000]), column(2, [512, 1400], [1024, 1400]), column(12, [512, 2500], [1024, 2500])];
    const both = { ...surface, compute: { ...surface.compute, q8_0 } };
    const mixed = (
      gpuLayers: number,
      contextTokens: number,
      confirmed: typeof both & Pick<typeof surface, "confirmed">,
    ) => computeBytes(confirmed, { gpuLayers, contextTokens, kvType: "q8_0/f16" }, "gpuBytes");
    // f16: 1,000, 2,000 and 3,000; q8_0: 1,400, 1,400 and 2,500
    expect([mixed(2, 512, both), mixed(2, 1024, both), mixed(12, 512, both)]).toEqual([1200, 1700, 2750]);
    expect(gpuComputeBytes(both, 512, "q8_0/f16").slice(2, 13)).toEqual(
      Float64Array.from([1200, ...Array.from({ length: 10 }, () => 2750)]),
    );
    const point = { gpuLayers: 2, contextTokens: 512, kvType: "q8_0/f16", gpuBytes: 777, ramBytes: 7 } as const;
    const confirmed = { ...both, confirmed: [point] };
    expect([mixed(2, 512, confirmed), mixed(2, 1024, confirmed)]).toEqual([777, 1700]);
    expect(computeBytes(confirmed, { gpuLayers: 2, contextTokens: 512, kvType: "f16" }, "gpuBytes")).toBe(1000);
  });

  it("takes contexts as llama.cpp pads them", () => {
    expect([at(2, 600), at(2, 513)]).toEqual([1500, 1500]);
  });

  it("is level before the first sample, goes on with the last slope after the last, and is level beyond the last column", () => {
    // 1,000 bytes in 512 tokens: 2,000 more at 2,048
    expect([at(2, 1), at(2, 2048), at(12, 4096), at(33, 512)]).toEqual([1000, 4000, 3000, 3000]);
  });

  it("keeps the column of 0 layers to itself", () => {
    expect([at(0, 512), at(1, 512)]).toEqual([9000, 1000]);
  });
});

describe("compute buffer with the KV cache in RAM", () => {
  const point = (contextTokens: number, gpuMib: number) => ({ contextTokens, gpuBytes: gpuMib * MIB, ramBytes: 0 });
  // llama.cpp's dry runs of Llama 3.1 8B with the cache on the GPU (f16, batch 512, Vulkan), MiB: 17 of 33 layers, and all.
  const f16 = [
    { gpuLayers: 17, points: [point(4096, 131.5), point(32_768, 248)] },
    { gpuLayers: 33, points: [point(4096, 104.01), point(32_768, 132.01)] },
  ];
  const surface = { ...mistralSurface, compute: ofEachElementType(() => f16), confirmed: [] };
  const mibOf = (gpuLayers: number, contextTokens: number, kvInRam?: true) =>
    computeBytes(surface, { gpuLayers, contextTokens, kvType: "f16", kvInRam }, "gpuBytes") / MIB;

  // The same with the cache in RAM: with all layers 120 and 184, with 17 as above.
  it("is no less than llama.cpp's, which needs more with all layers than where the cache is on the GPU", () => {
    for (const [contextTokens, mib] of [
      [4096, 120],
      [32_768, 184],
    ] as const) {
      expect(mibOf(33, contextTokens, true)).toBeGreaterThanOrEqual(mib);
      expect(mibOf(33, contextTokens)).toBeLessThan(mib);
      expect(mibOf(17, contextTokens, true)).toBe(mibOf(17, contextTokens));
    }
  });

  it("is what a dry run says where there was one", () => {
    const confirmed = {
      gpuLayers: 33,
      kvInRam: true,
      contextTokens: 32_768,
      kvType: "f16",
      gpuBytes: 184 * MIB,
      ramBytes: 0,
    } as const;
    const mended = { ...surface, confirmed: [confirmed] };
    const at = { gpuLayers: 33, contextTokens: 32_768, kvType: "f16" } as const;
    expect(computeBytes(mended, { ...at, kvInRam: true }, "gpuBytes")).toBe(184 * MIB);
    expect(computeBytes(mended, at, "gpuBytes") / MIB).toBeCloseTo(132.01, 5);
  });
});
