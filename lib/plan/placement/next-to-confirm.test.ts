import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { Buffers } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { memoryNeed } from "../memory/memory-need";
import { mendSurface } from "../memory/mend-surface";
import { kvTypeArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { loadConfigOf } from "./load-config-of";
import { nextToConfirm, shownToConfirm } from "./next-to-confirm";
import { planLayers } from "./plan-layers";

/** What loads would really take: the surface's own figures, off by some share of the compute buffer at each number of layers. */
function truthOf(settings: PlanSettings, errors: readonly number[]) {
  return (gpuLayers: number): Buffers => {
    const at = { gpuLayers, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
    const { gpu, ram } = memoryNeed(mistralSurface, at);
    const computeBytes = Math.round(gpu.computeBytes * (1 + (errors[gpuLayers] ?? 0)));
    return {
      gpuWeightsBytes: gpu.weightsBytes,
      gpuContextBytes: gpu.kvBytes + computeBytes,
      ramWeightsBytes: ram.weightsBytes,
      ramContextBytes: ram.kvBytes + ram.computeBytes,
    };
  };
}

const layers = (counts: readonly number[]) => counts.map(gpuLayers => ({ gpuLayers }));

/** What the server does before a load. */
function confirmAll(gpu: GpuMemory, settings: PlanSettings, truth: (gpuLayers: number) => Buffers) {
  let surface: MemorySurface = mistralSurface;
  const asked: number[] = [];
  for (;;) {
    const next = nextToConfirm(surface, gpu, settings, layers(asked));
    if (next === null) return { plan: planLayers(surface, gpu, settings), asked };
    const { gpuLayers } = next;
    asked.push(gpuLayers);
    const plan = { ...planLayers(surface, gpu, settings), gpuLayers };
    const config = loadConfigOf(plan, { modelPath: "m.gguf", threads: 2, useMmap: true });
    surface = mendSurface(surface, config, truth(gpuLayers)).surface;
  }
}

describe("confirming a plan", () => {
  it("ends with the most layers that really fit, though the surface was off everywhere", () => {
    const errors = fc.array(fc.double({ min: -0.06, max: 0.06, noNaN: true }), { minLength: 34, maxLength: 34 });
    const cases = fc.record({
      errors,
      N_CTX: fc.integer({ min: 256, max: 40_000 }),
      KV_CACHE_QUANT: kvTypeArbitrary,
      budgetShare: fc.double({ min: 0.05, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ errors: share, N_CTX, KV_CACHE_QUANT, budgetShare }) => {
        const settings = planSettings({ N_CTX, KV_CACHE_QUANT });
        const truth = truthOf(settings, share);
        const totalBytes = Math.round(p4000.totalBytes * budgetShare);
        const gpu = { ...p4000, totalBytes, freeBytes: totalBytes, usedByOthersBytes: 0 };
        const { plan } = confirmAll(gpu, settings, truth);
        const fits = (gpuLayers: number) => {
          const { gpuWeightsBytes, gpuContextBytes } = truth(gpuLayers);
          return gpuLayers === 0 || gpuWeightsBytes + gpuContextBytes <= plan.budgetBytes;
        };
        // One layer on the GPU has no KV cache; there the samples of other contexts may hide that it fits.
        const best = Array.from({ length: 34 }, (_, gpuLayers) => gpuLayers).findLast(fits) ?? 0;
        if (best > 1) expect(plan.gpuLayers).toBe(best);
        expect(fits(plan.gpuLayers)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("asks once where the surface is exact and the next layer is far away", () => {
    // 29 of 33 layers need 5,332.4 MiB of 5,396.6, and one more 5,513.5: 117 MiB short, with 161 MiB of compute buffer.
    const settings = planSettings({ N_CTX: 16_384 });
    expect(confirmAll(p4000, settings, truthOf(settings, [])).asked).toEqual([29]);
  });

  it("asks for one more where it misses by less than the surface may be wrong", () => {
    // The budget is 5,396.6 + 102 MiB: one more layer would need 15 MiB more, less than an eighth of 161 MiB.
    const settings = planSettings({ N_CTX: 16_384 });
    const roomier = { ...p4000, usedByOthersBytes: p4000.usedByOthersBytes - 102 * 2 ** 20 };
    expect(confirmAll(roomier, settings, truthOf(settings, [])).asked).toEqual([29, 30]);
  });

  it("learns from the plan's own dry run where the samples are too high for all numbers of layers alike", () => {
    // Half of 161 MiB of compute: 29 of 33 layers need 5,252 MiB, and one more 5,433 of 5,436.6. The samples say 5,513.5, 77 MiB too much.
    const settings = planSettings({ N_CTX: 16_384 });
    const truth = truthOf(
      settings,
      Array.from({ length: 34 }, () => -0.5),
    );
    const roomier = { ...p4000, usedByOthersBytes: p4000.usedByOthersBytes - 40 * 2 ** 20 };
    expect(confirmAll(roomier, settings, truth)).toMatchObject({ plan: { gpuLayers: 30 }, asked: [29, 30] });
  });

  it("asks nothing more for a manual number, nor without a GPU", () => {
    const manual = planSettings({ LAYERS: 5 });
    expect(nextToConfirm(mistralSurface, p4000, manual, [])).toEqual({ gpuLayers: 5 });
    expect(nextToConfirm(mistralSurface, p4000, manual, layers([5]))).toBeNull();
    expect(nextToConfirm(mistralSurface, null, planSettings(), [])).toBeNull();
  });
});

describe("a plan at rest that has room for more answers at once", () => {
  // Mistral's 33 layers need 5 GiB at 512 tokens, and each answer a cache of 64 MiB.
  const settings = planSettings({ N_CTX: 512, PARALLEL: "auto" });
  const room: GpuMemory = { ...p4000, totalBytes: 16e9, freeBytes: 16e9, usedByOthersBytes: 0 };
  const askedOf = (computeErrorBytes: number) => {
    let surface: MemorySurface = { ...mistralSurface, computeSource: "dry-run" };
    const asked: (number | undefined)[] = [];
    for (;;) {
      const [next] = shownToConfirm(surface, room, settings);
      if (next === undefined) return { asked, plan: planLayers(surface, room, settings) };
      asked.push(next.sequences);
      const plan = {
        ...planLayers(surface, room, settings),
        ...next,
        expertBlocksInRam: 0,
        sequences: next.sequences ?? 1,
      };
      const config = loadConfigOf(plan, { modelPath: "m.gguf", threads: 2, useMmap: true });
      const { gpu, ram } = memoryNeed(surface, { ...config });
      surface = mendSurface(surface, config, {
        gpuWeightsBytes: gpu.weightsBytes,
        gpuContextBytes: gpu.kvBytes + gpu.computeBytes + (next.sequences === undefined ? 0 : computeErrorBytes),
        ramWeightsBytes: ram.weightsBytes,
        ramContextBytes: ram.kvBytes + ram.computeBytes,
      }).surface;
    }
  };

  it("is confirmed with all of them too, once", () => {
    const { asked, plan } = askedOf(5_000_000);
    expect(asked).toEqual([undefined, 4]);
    expect(plan.sequences).toBe(4);
    expect(plan.predicted.totalBytes).toBe(askedOf(0).plan.predicted.totalBytes + 5_000_000);
  });

  it("has one answer fewer where a dry run says that they do not fit", () => {
    const { asked, plan } = askedOf(12e9);
    expect(asked).toEqual([undefined, 4, 3, 2]);
    expect(plan.sequences).toBe(1);
  });
});
