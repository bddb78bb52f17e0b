import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kvElementTypes } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { fitNeed, fitNeeds } from "../memory/fit-needs";
import { memoryNeed } from "../memory/memory-need";
import {
  contextArbitrary,
  gpuArbitrary,
  kvTypeArbitrary,
  orderlySurfaceArbitrary,
  surfaceArbitrary,
  targetArbitrary,
} from "../testing/surface-arbitrary";
import { p4000, planSettings } from "../testing/surface-fixtures";
import { largestContext, longestSearched } from "./largest-context";
import { planLayers } from "./plan-layers";

const settingsArbitrary = fc
  .record({ N_CTX: contextArbitrary, KV_CACHE_QUANT: kvTypeArbitrary, TARGET_VRAM_USAGE: targetArbitrary })
  .map(planSettings);

/** A card whose budget exactly meets some number of layers, or misses it by one byte: random budgets seldom hit such an edge. */
const tightCase = (surfaces: fc.Arbitrary<MemorySurface>) =>
  fc
    .record({
      surface: surfaces,
      settings: settingsArbitrary,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      slack: fc.constantFrom(-1, 0, 1),
    })
    .map(({ surface, settings, share, slack }) => {
      const gpuLayers = 1 + Math.floor(share * surface.model.blocks);
      const at = { gpuLayers, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
      const bytes = Math.max(0, memoryNeed(surface, at).gpu.totalBytes + slack);
      const gpu = {
        ...p4000,
        totalBytes: bytes,
        freeBytes: bytes,
        usedByOthersBytes: 0,
        overhead: { ...p4000.overhead, bytes: 0 },
      };
      return { surface, settings: { ...settings, TARGET_VRAM_USAGE: 1 }, gpu };
    });
const looseCase = (surfaces: fc.Arbitrary<MemorySurface>) =>
  fc.record({ surface: surfaces, settings: settingsArbitrary, gpu: gpuArbitrary });
const anyCase = fc.oneof(looseCase(surfaceArbitrary), tightCase(surfaceArbitrary));
const orderlyCase = fc.oneof(looseCase(orderlySurfaceArbitrary), tightCase(orderlySurfaceArbitrary));

const NONE = { ...p4000.overhead, bytes: 0 };
const RUNS = { numRuns: 400 };

describe("laws of the planner, whatever the dry runs said", () => {
  it("never plans over the budget", () => {
    fc.assert(
      fc.property(anyCase, ({ surface, settings, gpu }) => {
        const plan = planLayers(surface, gpu, settings);
        expect(plan.predicted.totalBytes - plan.predicted.overheadBytes).toBeLessThanOrEqual(plan.budgetBytes);
      }),
      RUNS,
    );
  });

  it("never gives more layers for more context", () => {
    fc.assert(
      fc.property(anyCase, contextArbitrary, ({ surface, settings, gpu }, more) => {
        const before = planLayers(surface, gpu, settings).gpuLayers;
        const after = planLayers(surface, gpu, { ...settings, N_CTX: settings.N_CTX + more }).gpuLayers;
        expect(after).toBeLessThanOrEqual(before);
      }),
      RUNS,
    );
  });

  it("never gives fewer layers for a higher target", () => {
    fc.assert(
      fc.property(anyCase, targetArbitrary, ({ surface, settings, gpu }, target) => {
        const [low, high] = [target, settings.TARGET_VRAM_USAGE].sort((a, b) => a - b);
        const at = (TARGET_VRAM_USAGE = 0) => planLayers(surface, gpu, { ...settings, TARGET_VRAM_USAGE }).gpuLayers;
        expect(at(high)).toBeGreaterThanOrEqual(at(low));
      }),
      RUNS,
    );
  });

  it("gives q4_0 at least the layers of q8_0, and q8_0 those of f16", () => {
    fc.assert(
      fc.property(anyCase, ({ surface, settings, gpu }) => {
        const [f16 = 0, q8 = 0, q4 = 0] = kvElementTypes.map(
          KV_CACHE_QUANT => planLayers(surface, gpu, { ...settings, KV_CACHE_QUANT }).gpuLayers,
        );
        expect(q4).toBeGreaterThanOrEqual(q8);
        expect(q8).toBeGreaterThanOrEqual(f16);
      }),
      RUNS,
    );
  });

  it("asks for what the dry runs said or more, and no less for one number of layers than for all at once", () => {
    fc.assert(
      fc.property(anyCase, ({ surface, settings: { N_CTX, KV_CACHE_QUANT } }) => {
        const needs = fitNeeds(surface, N_CTX, KV_CACHE_QUANT);
        expect(needs).toHaveLength(surface.model.blocks + 2);
        needs.forEach((need, gpuLayers) => {
          const at = { gpuLayers, contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
          expect(need).toBeGreaterThanOrEqual(memoryNeed(surface, at).gpu.totalBytes);
          expect(fitNeed(surface, { gpuLayers }, N_CTX, KV_CACHE_QUANT)).toBe(need);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe("laws of the planner where need grows with the context and shrinks with the KV type", () => {
  it("leaves no layer out that would fit: every larger number needs more than the budget", () => {
    fc.assert(
      fc.property(orderlyCase, ({ surface, settings, gpu }) => {
        const plan = planLayers(surface, gpu, settings);
        for (let gpuLayers = plan.gpuLayers + 1; gpuLayers <= plan.totalLayers; gpuLayers++) {
          const at = { gpuLayers, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
          expect(memoryNeed(surface, at).gpu.totalBytes).toBeGreaterThan(plan.budgetBytes);
        }
      }),
      RUNS,
    );
  });

  it("asks for exactly what the dry runs said", () => {
    fc.assert(
      fc.property(orderlyCase, ({ surface, settings: { N_CTX, KV_CACHE_QUANT } }) => {
        fitNeeds(surface, N_CTX, KV_CACHE_QUANT).forEach((need, gpuLayers) => {
          const at = { gpuLayers, contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
          expect(need).toBe(memoryNeed(surface, at).gpu.totalBytes);
        });
      }),
      RUNS,
    );
  });
});

describe("the largest context with all layers", () => {
  it("fits, and the next 256 tokens do not unless the model was trained for no more", () => {
    fc.assert(
      fc.property(
        surfaceArbitrary,
        kvTypeArbitrary,
        fc.integer({ min: 0, max: 2 ** 34 }),
        (surface, kvType, budget) => {
          const full = { gpuLayers: surface.model.blocks + 1 };
          const gpu = { ...p4000, totalBytes: budget, freeBytes: budget, usedByOthersBytes: 0, overhead: NONE };
          const settings = planSettings({ TARGET_VRAM_USAGE: 1 });
          const largest =
            largestContext(surface, gpu, { ...settings, KV_CACHE_QUANT: kvType }, full, longestSearched(surface, 0)) ??
            0;
          if (largest > 0) expect(fitNeed(surface, full, largest, kvType)).toBeLessThanOrEqual(budget);
          if (largest < surface.model.trainContextTokens)
            expect(fitNeed(surface, full, largest + 256, kvType)).toBeGreaterThan(budget);
        },
      ),
      RUNS,
    );
  });
});
