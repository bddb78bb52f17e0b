import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { memoryNeed } from "./memory-need";
import { mendSurface } from "./mend-surface";
import { nextToConfirm } from "./next-to-confirm";
import { planLayers } from "./plan-layers";
import { mistralSurface, p4000, planSettings } from "./surface-fixtures";

/** What the loads would really take: the surface's own figures, off by up to 12 % of the compute buffer at each k. */
type Truth = (gpuLayers: number) => ReturnType<typeof memoryNeed>["gpu"] & { readonly ramContextBytes: number };

const settings = planSettings({ N_CTX: 16_384, KV_CACHE_QUANT: "q4_0" });

function truthOf(surface: MemorySurface, errors: readonly number[]): Truth {
  return gpuLayers => {
    const { gpu, ram } = memoryNeed(surface, { gpuLayers, contextTokens: 16_384, kvType: "q4_0" });
    const computeBytes = Math.round(gpu.computeBytes * (1 + (errors[gpuLayers] ?? 0)));
    return {
      ...gpu,
      computeBytes,
      totalBytes: gpu.weightsBytes + gpu.kvBytes + computeBytes,
      ramContextBytes: ram.kvBytes + ram.computeBytes,
    };
  };
}

function confirmAll(surface: MemorySurface, gpu: GpuMemory, truth: Truth): { surface: MemorySurface; asked: number[] } {
  const asked: number[] = [];
  let mended = surface;
  for (;;) {
    const gpuLayers = nextToConfirm(mended, gpu, settings, new Set(asked));
    if (gpuLayers === null) return { surface: mended, asked };
    asked.push(gpuLayers);
    const real = truth(gpuLayers);
    const config = {
      modelPath: "m.gguf",
      gpuLayers,
      contextTokens: 16_384,
      batchTokens: 512,
      sequences: 1,
      kvType: "q4_0" as const,
      flashAttention: "auto" as const,
      threads: 2,
      useMmap: true,
    };
    mended = mendSurface(mended, config, {
      gpuWeightsBytes: real.weightsBytes,
      gpuContextBytes: real.kvBytes + real.computeBytes,
      ramWeightsBytes: mended.ramWeightsBytes[gpuLayers] ?? 0,
      ramContextBytes: real.ramContextBytes,
    }).surface;
  }
}

describe("confirming a plan", () => {
  it("ends with the most layers that really fit, though the surface was off everywhere", () => {
    const errors = fc.array(fc.double({ min: -0.12, max: 0.12, noNaN: true }), { minLength: 34, maxLength: 34 });
    fc.assert(
      fc.property(errors, fc.double({ min: 0.05, max: 1, noNaN: true }), (share, budgetShare) => {
        const truth = truthOf(mistralSurface, share);
        const totalBytes = Math.round(p4000.totalBytes * budgetShare);
        const gpu = { ...p4000, totalBytes, freeBytes: totalBytes, usedByOthersBytes: 0 };
        const plan = planLayers(confirmAll(mistralSurface, gpu, truth).surface, gpu, settings);
        const fitting = Array.from({ length: 34 }, (_, k) => k).filter(
          k => k === 0 || truth(k).totalBytes <= plan.budgetBytes,
        );
        expect(plan.gpuLayers).toBe(Math.max(...fitting));
      }),
      { numRuns: 300 },
    );
  });

  it("asks once where the surface is exact and the next layer is far away", () => {
    // 33 layers fit with 5,396.6 - 4,539 MiB to spare: nothing is left to doubt.
    expect(confirmAll(mistralSurface, p4000, truthOf(mistralSurface, [])).asked).toEqual([33]);
  });

  it("asks nothing more for a manual number, nor without a GPU", () => {
    const manual = { ...settings, LAYERS: 5 };
    expect(nextToConfirm(mistralSurface, p4000, manual, new Set())).toBe(5);
    expect(nextToConfirm(mistralSurface, p4000, manual, new Set([5]))).toBeNull();
    expect(nextToConfirm(mistralSurface, null, settings, new Set())).toBeNull();
  });
});
