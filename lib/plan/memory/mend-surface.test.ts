import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { surfaceArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface } from "../testing/surface-fixtures";
import { fitNeed, fitNeeds } from "./fit-needs";
import { memoryNeed } from "./memory-need";
import { mendSurface } from "./mend-surface";

const config: LoadConfig = {
  modelPath: "m.gguf",
  gpuLayers: 21,
  contextTokens: 5000,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  threads: 2,
  useMmap: true,
};

const buffersAt = (surface: typeof mistralSurface, at: LoadConfig, computeErrorBytes: number) => {
  const { gpu, ram } = memoryNeed(surface, at);
  return {
    gpuWeightsBytes: gpu.weightsBytes,
    gpuContextBytes: gpu.kvBytes + gpu.computeBytes + computeErrorBytes,
    ramWeightsBytes: ram.weightsBytes,
    ramContextBytes: ram.kvBytes + ram.computeBytes,
  };
};

describe("mending a surface", () => {
  it("only notes the point as confirmed when the dry run agrees, once", () => {
    const exact = buffersAt(mistralSurface, config, 0);
    const mended = mendSurface(mistralSurface, config, exact);
    expect(mended.mismatchBytes).toBe(0);
    const { gpu, ram } = memoryNeed(mistralSurface, config);
    // 32,000 logits of 4 bytes are in system memory beside the buffer.
    const said = { gpuBytes: gpu.computeBytes, ramBytes: ram.computeBytes - 128_000 };
    expect(mended.surface).toEqual({
      ...mistralSurface,
      confirmed: [{ gpuLayers: 21, contextTokens: 5120, kvType: "f16", ...said }],
    });
    expect(mendSurface(mended.surface, config, exact).surface).toEqual(mended.surface);
  });

  it("is believed at the confirmed point against the promises that hold elsewhere", () => {
    // One layer on the GPU has no KV cache: 120.1 MB at 2,048 tokens, below the 134.7 MB seen at 512.
    const one = { ...config, gpuLayers: 1, contextTokens: 2048 };
    const raised = fitNeed(mistralSurface, { gpuLayers: 1 }, 2048, "f16");
    const { surface } = mendSurface(mistralSurface, one, buffersAt(mistralSurface, one, 0));
    expect([raised, fitNeed(surface, { gpuLayers: 1 }, 2048, "f16")]).toEqual([
      107_536_384 + 135_858_176,
      107_536_384 + 120_064_000,
    ]);
    expect(fitNeeds(surface, 2048, "f16")[1]).toBe(107_536_384 + 120_064_000);
    expect(fitNeed(surface, { gpuLayers: 1 }, 2304, "f16")).toBeGreaterThanOrEqual(raised);
  });

  it("makes it exact there, and tells by how much it was off", () => {
    const { surface, mismatchBytes } = mendSurface(
      mistralSurface,
      config,
      buffersAt(mistralSurface, config, 4_000_000),
    );
    expect(mismatchBytes).toBe(4_000_000);
    const before = memoryNeed(mistralSurface, config).gpu.totalBytes;
    expect(memoryNeed(surface, config).gpu.totalBytes).toBe(before + 4_000_000);
  });

  it("changes nothing at other samples, other layers that have a column, and other KV types", () => {
    const { surface } = mendSurface(mistralSurface, config, buffersAt(mistralSurface, config, 4_000_000));
    const points = [
      { gpuLayers: 21, contextTokens: 8192, kvType: "f16" as const },
      { gpuLayers: 32, contextTokens: 5000, kvType: "f16" as const },
      { gpuLayers: 21, contextTokens: 5000, kvType: "q8_0" as const },
    ];
    for (const point of points) expect(memoryNeed(surface, point)).toEqual(memoryNeed(mistralSurface, point));
  });

  it("takes over weights that are larger than the closed form's, and no layer's share turns negative", () => {
    const exact = buffersAt(mistralSurface, config, 0);
    const padded = {
      ...exact,
      gpuWeightsBytes: exact.gpuWeightsBytes + 1000,
      ramWeightsBytes: exact.ramWeightsBytes + 64,
    };
    const { surface } = mendSurface(mistralSurface, config, padded);
    expect(surface.weightsSource).toBe("dry-run");
    expect(surface.gpuWeightsBytes[21]).toBe(padded.gpuWeightsBytes);
    expect(surface.ramWeightsBytes[21]).toBe(padded.ramWeightsBytes);
    const steps = surface.gpuWeightsBytes.slice(1).map((bytes, k) => bytes - (surface.gpuWeightsBytes[k] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
  });

  it("counts the padding of experts with the compute buffer, and leaves experts with their layers where more is missing", () => {
    const mixture: MemorySurface = {
      ...mistralSurface,
      layers: mistralSurface.layers.map(layer =>
        layer.role === "output" ? layer : { ...layer, experts: 8, expertBytes: 3e7, expertMatrixBytes: { up: 3e7 } },
      ),
      computeExpertsInRam: mistralSurface.compute,
    };
    const apart = { ...config, expertBlocksInRam: 30 };
    const exact = buffersAt(mixture, apart, 0);
    const padded = { ...exact, gpuWeightsBytes: exact.gpuWeightsBytes - 20 * 256 };
    const mended = mendSurface(mixture, apart, padded).surface;
    expect(memoryNeed(mended, apart).gpu.totalBytes).toBe(exact.gpuWeightsBytes + exact.gpuContextBytes - 20 * 256);
    expect([mended.gpuWeightsBytes, mended.weightsSource]).toEqual([mixture.gpuWeightsBytes, mixture.weightsSource]);
    expect(mendSurface(mended, apart, padded).mismatchBytes).toBe(0);
    const stuck = { ...exact, gpuWeightsBytes: exact.gpuWeightsBytes + 3e7 };
    expect(mendSurface(mixture, apart, stuck).surface.computeExpertsInRam).toBeUndefined();
  });

  it("is exact at every configuration of every surface, and mending twice changes nothing", () => {
    const anyConfig = fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      contextTokens: fc.integer({ min: 1, max: 90_000 }),
    });
    // No context has less than its logits: one row of 32,000, 4 bytes each.
    const compute = fc.integer({ min: 128_000, max: 2 ** 30 });
    fc.assert(
      fc.property(
        surfaceArbitrary,
        anyConfig,
        compute,
        compute,
        (surface, { share, contextTokens }, gpuCompute, ramCompute) => {
          const at = { ...config, gpuLayers: Math.round(share * (surface.model.blocks + 1)), contextTokens };
          const { gpu, ram } = memoryNeed(surface, at);
          const buffers = {
            gpuWeightsBytes: gpu.weightsBytes,
            gpuContextBytes: gpu.kvBytes + gpuCompute,
            ramWeightsBytes: ram.weightsBytes,
            ramContextBytes: ram.kvBytes + ramCompute,
          };
          const mended = mendSurface(surface, at, buffers).surface;
          expect(memoryNeed(mended, at).gpu.computeBytes).toBe(gpuCompute);
          expect(memoryNeed(mended, at).ram.computeBytes).toBe(ramCompute);
          expect(mendSurface(mended, at, buffers).mismatchBytes).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
