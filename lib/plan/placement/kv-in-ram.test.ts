import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";
import { decodeSeconds } from "../speed/speed-parts";
import { contextArbitrary, gpuArbitrary, kvTypeArbitrary, surfaceArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { explainPlan } from "../words/explain-plan";
import { planLayers } from "./plan-layers";
import { surfaceFor } from "./sequences";

/** A known card with so much room, in a computer whose memory was measured. */
const cardOf = (mib: number, changes: Partial<GpuMemory> = {}): GpuMemory => ({
  ...p4000,
  name: "GeForce RTX 4070",
  totalBytes: mib * MIB,
  freeBytes: mib * MIB,
  usedByOthersBytes: 0,
  overhead: { ...p4000.overhead, bytes: 0 },
  placesExperts: true,
  ramBytesPerSecond: 30e9,
  threads: 8,
  ...changes,
});
const settings = planSettings({ TARGET_VRAM_USAGE: 1, N_CTX: 32_768 });
const plan = (gpu: GpuMemory, changes: Parameters<typeof planSettings>[0] = {}) =>
  planLayers(mistralSurface, gpu, { ...settings, ...changes });

describe("KV cache in RAM, chosen by the planner", () => {
  it("stays on the card for one answer at once: as much is read in RAM either way", () => {
    const { gpuLayers, kvInRam } = plan(cardOf(4500));
    expect([gpuLayers < 33, kvInRam]).toEqual([true, undefined]);
  });

  it("goes to RAM where caches of several answers take the card and one of them is read", () => {
    // All weights are 3,847 MiB. With 4 caches of 32,768 tokens, a block takes 117 + 4 x 128 MiB: 6 of 32 would be on the card.
    const { gpuLayers, kvInRam, predicted } = plan(cardOf(4500), { PARALLEL: 4 });
    expect([gpuLayers, kvInRam, predicted.kvBytes]).toEqual([33, true, 0]);
  });

  it("says so, and what the card would hold otherwise", () => {
    const gpu = cardOf(4500);
    const chosen = { ...settings, PARALLEL: 4 };
    const sentenceOf = (changes: Partial<PlanSettings>) => {
      const asked = { ...chosen, ...changes };
      return explainPlan(mistralSurface, gpu, asked, planLayers(mistralSurface, gpu, asked)).sentence;
    };
    expect(sentenceOf({})).toMatch(
      /^All 33 layers fit, KV cache in RAM, with .* to spare\. With the cache on the card, 7 of 33 layers would fit, and writing is predicted [1-9.]+ times slower with a full context\.$/,
    );
    expect(sentenceOf({ KV_IN_RAM: true })).toMatch(/^All 33 layers fit, KV cache in RAM, with .* to spare\.$/);
  });

  it("stays on the card for a small gain where the card or the memory is not known", () => {
    const gainOf = (mib: number) => {
      const gpu = cardOf(mib);
      const secondsOf = decodeSeconds(mistralSurface, gpu, { contextTokens: 32_768, kvType: "f16" });
      const [onCard, inRam] = [false, true].map(KV_IN_RAM => secondsOf(plan(gpu, { PARALLEL: 4, KV_IN_RAM })));
      return (onCard ?? 0) / (inRam ?? 1);
    };
    const thin = Array.from({ length: 30 }, (_, index) => 2000 + 100 * index).find(
      mib => gainOf(mib) > 1 && gainOf(mib) < 1.2,
    );
    if (thin === undefined) throw new Error("no card with a small gain");
    expect(plan(cardOf(thin), { PARALLEL: 4 }).kvInRam).toBe(true);
    expect(plan(cardOf(thin, { ramBytesPerSecond: undefined }), { PARALLEL: 4 }).kvInRam).toBeUndefined();
  });

  it("stays with the layers that were chosen by hand, and where the engine cannot move it", () => {
    expect(plan(cardOf(4500), { PARALLEL: 4, LAYERS: 7 }).kvInRam).toBeUndefined();
    expect(plan(cardOf(4500, { placesExperts: false }), { PARALLEL: 4 }).kvInRam).toBeUndefined();
  });
});

describe("laws of an automatic place for the cache", () => {
  const caseArbitrary = fc.record({
    surface: surfaceArbitrary,
    gpu: gpuArbitrary.map(gpu => ({ ...gpu, placesExperts: true, ramBytesPerSecond: 30e9, threads: 8 })),
    settings: fc
      .record({ N_CTX: contextArbitrary, KV_CACHE_QUANT: kvTypeArbitrary, PARALLEL: fc.constantFrom(1, 2, 4, 8) })
      .map(planSettings),
  });

  it("is never predicted slower than either place chosen by hand", () => {
    fc.assert(
      fc.property(caseArbitrary, ({ surface, gpu, settings }) => {
        const at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
        const planWith = (KV_IN_RAM: boolean | "auto") => planLayers(surface, gpu, { ...settings, KV_IN_RAM });
        const secondsOf = decodeSeconds(surfaceFor(surface, settings), gpu, at);
        const [onCard, inRam, chosen] = [planWith(false), planWith(true), planWith("auto")];
        expect(secondsOf(chosen)).toBeLessThanOrEqual(secondsOf(onCard) * (1 + 1e-9));
        // A model without experts gets the most layers, also where one that weighs nothing would be faster on the processor.
        if (inRam.gpuLayers > onCard.gpuLayers)
          expect(secondsOf(chosen)).toBeLessThanOrEqual(secondsOf(inRam) * (1 + 1e-9));
      }),
      { numRuns: 400 },
    );
  });

  it("is never over the budget", () => {
    fc.assert(
      fc.property(caseArbitrary, ({ surface, gpu, settings }) => {
        const { predicted, budgetBytes } = planLayers(surface, gpu, settings);
        expect(predicted.totalBytes - predicted.overheadBytes).toBeLessThanOrEqual(budgetBytes);
      }),
      { numRuns: 400 },
    );
  });
});
