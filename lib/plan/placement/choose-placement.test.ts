import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { GIB, MIB } from "@/lib/units/bytes";
import { headerSurface } from "../memory/header-surface";
import { expertBlocks, memoryNeed } from "../memory/memory-need";
import { decodeSeconds } from "../speed/speed-parts";
import { contextArbitrary, kvTypeArbitrary } from "../testing/surface-arbitrary";
import { p4000, planSettings } from "../testing/surface-fixtures";
import { explainPlan } from "../words/explain-plan";
import { choosePlacement, nextPlacement } from "./choose-placement";
import { planLayers } from "./plan-layers";

const run = { batchTokens: 512, sequences: 1, flashAttention: "auto" } as const;

function surfaceOf(id: string): MemorySurface {
  const { header, fileBytes } = shapeFile(modelShape(id));
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error(`${id}: the header wants more bytes`);
  return headerSurface(parsed.profile, run);
}

const cardOf = (gib: number, ramBytesPerSecond = 50e9): GpuMemory => ({
  ...p4000,
  name: "GeForce RTX 4070",
  totalBytes: Math.round(gib * GIB),
  freeBytes: Math.round(gib * GIB),
  usedByOthersBytes: 0,
  overhead: { ...p4000.overhead, bytes: 0 },
  ramBytesPerSecond,
  placesExperts: true,
});
const settings = planSettings({ TARGET_VRAM_USAGE: 1 });

const mixtures = ["qwen3-30b-a3b", "gpt-oss-20b", "deepseek-v3"] as const;
const surfaces = new Map(mixtures.map(id => [id, surfaceOf(id)]));
const surfaceNamed = (id: (typeof mixtures)[number]) => surfaces.get(id) ?? surfaceOf(id);

describe("where the parts of a mixture of experts go", () => {
  it("keeps experts in RAM and everything else on an 8 GB card", () => {
    const plan = planLayers(surfaceNamed("qwen3-30b-a3b"), cardOf(8), settings);
    expect(plan.gpuLayers).toBe(49);
    expect(plan.expertBlocksInRam).toBeGreaterThan(0);
    expect(plan.expertBlocksInRam).toBeLessThan(48);
  });

  it("adds up: what is on the card and in RAM is the same as with whole layers", () => {
    const surface = surfaceNamed("qwen3-30b-a3b");
    const at = { gpuLayers: 49, contextTokens: 4096, kvType: "f16" } as const;
    const whole = memoryNeed(surface, at);
    const apart = memoryNeed(surface, { ...at, expertBlocksInRam: 10 });
    const movedBytes = surface.layers.slice(0, 10).reduce((sum, { expertBytes }) => sum + expertBytes, 0);
    // 10 blocks of 128 experts, three matrices of 2,048 x 768: Q4_K has 144 bytes for 256 weights, Q6_K, of which some are, 210.
    expect(movedBytes / MIB).toBeGreaterThan((10 * 128 * 3 * 2048 * 768 * 144) / 256 / MIB - 1);
    expect(whole.gpu.weightsBytes - apart.gpu.weightsBytes).toBe(movedBytes);
    expect(apart.ram.weightsBytes - whole.ram.weightsBytes).toBe(movedBytes);
    expect(apart.gpu.kvBytes).toBe(whole.gpu.kvBytes);
  });

  it("has whole layers only where the engine cannot place experts", () => {
    const plan = planLayers(
      surfaceNamed("qwen3-30b-a3b"),
      { ...cardOf(8), placesExperts: false },
      { ...settings, EXPERTS_IN_RAM: 20 },
    );
    expect([plan.expertBlocksInRam, plan.kind]).toEqual([0, "partial"]);
  });

  it("does as it is told", () => {
    const surface = surfaceNamed("qwen3-30b-a3b");
    const told = (LAYERS: number | "auto", EXPERTS_IN_RAM: number | "auto", gib = 8) => {
      const { gpuLayers, expertBlocksInRam } = planLayers(surface, cardOf(gib), {
        ...settings,
        LAYERS,
        EXPERTS_IN_RAM,
      });
      return [gpuLayers, expertBlocksInRam];
    };
    expect(told(49, 30)).toEqual([49, 30]);
    expect(told(49, 1000)).toEqual([49, 48]);
    expect(told(49, 0)).toEqual([49, 0]);
    expect(told("auto", 0)[1]).toBe(0);
    // The first 29 blocks are on the CPU with all that is in them, so their experts are not apart.
    expect(told(20, 10)).toEqual([20, 0]);
    expect(told(0, 48)).toEqual([0, 0]);
    // As few as fit: none on a card that holds all.
    expect(told(49, "auto", 48)).toEqual([49, 0]);
    expect(told("auto", 48, 48)).toEqual([49, 48]);
    // Nothing fits: the least that this number of layers needs.
    expect(told(49, "auto", 0.5)).toEqual([49, 48]);
  });

  it("leaves dense first blocks whole", () => {
    // DeepSeek V3 has 3 dense blocks and 58 with experts; with the shared expert on the card 12 GiB hold its dense part at 4,096 tokens.
    const surface = surfaceNamed("deepseek-v3");
    expect(surface.layers.slice(0, 4).map(({ expertBytes }) => expertBytes > 0)).toEqual([false, false, false, true]);
    expect(expertBlocks(surface)).toBe(61);
    expect(planLayers(surface, cardOf(48), { ...settings, EXPERTS_IN_RAM: 2 }).expertBlocksInRam).toBe(0);
  });

  it("names the next step: a part of one block's experts, or one layer", () => {
    const surface = surfaceNamed("qwen3-30b-a3b");
    const next = (gpuLayers: number, expertBlocksInRam: number, borderExpertsOnGpu?: string) => {
      const present = { gpuLayers, expertBlocksInRam, borderExpertsOnGpu };
      const placement = nextPlacement(surface, cardOf(8), settings, present);
      return placement && [placement.gpuLayers, placement.expertBlocksInRam, placement.borderExpertsOnGpu];
    };
    // In the last block all three matrices have as many bytes: one is as good as the other. The router can leave the card with gate.
    expect(next(49, 20)).toEqual([49, 20, "up only of 47"]);
    expect(next(49, 20, "up only of 47")).toEqual([49, 20, "up of 47"]);
    expect(next(49, 20, "up of 47")).toEqual([49, 20, "down+up only of 47"]);
    expect(next(49, 20, "down+up only of 47")).toEqual([49, 20, "gate+up of 47"]);
    expect(next(49, 20, "gate+up of 47")).toEqual([49, 19, undefined]);
    expect(next(49, 0)).toBeNull();
    expect(next(30, 0)).toEqual([31, 48, undefined]);
    const kvInRam = { gpuLayers: 49, expertBlocksInRam: 20, kvInRam: true } as const;
    const inRam = nextPlacement(surface, cardOf(8), { ...settings, KV_IN_RAM: true }, kvInRam);
    expect(inRam).toMatchObject({ ...kvInRam, borderExpertsOnGpu: "up only of 47" });
  });

  it("fills the rest of the card with a part of one more block's experts", () => {
    const surface = surfaceNamed("qwen3-30b-a3b");
    const at = { gpuLayers: 49, contextTokens: 4096, kvType: "f16" } as const;
    const whole = memoryNeed(surface, { ...at, expertBlocksInRam: 20 }).gpu.totalBytes;
    // A matrix of 128 experts of 2,048 x 768 in Q4_K: 108 MiB.
    const matrixBytes = (128 * 2048 * 768 * 144) / 256;
    const planOn = (spareBytes: number) => planLayers(surface, cardOf((whole + spareBytes) / GIB), settings);
    // Its router of 128 x 2,048 in F32, 1 MiB, makes room for the matrix where that is all that is missing.
    const routerBytes = 128 * 2048 * 4;
    expect(planOn(matrixBytes - routerBytes - 1).borderExpertsOnGpu).toBeUndefined();
    expect(planOn(matrixBytes - routerBytes).borderExpertsOnGpu).toBe("up only of 47");
    expect(planOn(matrixBytes - 1).borderExpertsOnGpu).toBe("up only of 47");
    const plan = planOn(matrixBytes);
    expect([plan.gpuLayers, plan.expertBlocksInRam, plan.borderExpertsOnGpu]).toEqual([49, 20, "up of 47"]);
    expect(plan.predicted.totalBytes).toBe(whole + matrixBytes);
    expect(plan.perLayer.find(({ index }) => index === 47)?.expertBytesInRam).toBe(2 * matrixBytes);
    expect(plan.perLayer.find(({ index }) => index === 19)?.expertBytesInRam).toBe(0);
    expect(planLayers(surface, cardOf((whole + matrixBytes) / GIB), { ...settings, EXPERTS_IN_RAM: 20 })).toMatchObject(
      {
        expertBlocksInRam: 20,
        borderExpertsOnGpu: undefined,
      },
    );
  });
});

describe("what is said of experts in RAM", () => {
  const explained = (change: Partial<PlanSettings>, gib = 8) => {
    const wished = { ...settings, ...change };
    const surface = surfaceNamed("qwen3-30b-a3b");
    return explainPlan(surface, cardOf(gib), wished, planLayers(surface, cardOf(gib), wished));
  };

  it("says what the next part of them would need", () => {
    expect(explained({}).sentence).toMatch(
      /^All 49 layers fit, experts of \d+ blocks(?: and part of one more)? in RAM\. The next part of them needs \d+ MiB more than/,
    );
  });

  it("does not call a preset all on the GPU that has experts in RAM", () => {
    const labelAt = (gib: number) => explained({}, gib).presets.find(({ id }) => id === "all-layers")?.label;
    expect([labelAt(8), labelAt(48)]).toEqual(["All layers, experts in RAM", "All layers on the GPU"]);
  });

  it("says what was chosen by hand, and offers to choose by itself", () => {
    const { sentence, counterfactuals } = explained({ EXPERTS_IN_RAM: 40 });
    expect(sentence).toMatch(
      /^All 49 layers fit, experts of 40 blocks in RAM as you chose, with [\d.]+ [MG]iB to spare\.$/,
    );
    expect(counterfactuals.map(({ label, patch }) => [label, patch])).toContainEqual([
      "automatic experts in RAM",
      { EXPERTS_IN_RAM: "auto" },
    ]);
  });

  it("offers a change that leaves fewer experts in RAM", () => {
    // At 16,384 tokens the f16 cache has 1.5 GiB, and q8_0 would save 0.7: two blocks' experts of about 0.33.
    const present = planLayers(surfaceNamed("qwen3-30b-a3b"), cardOf(8), { ...settings, N_CTX: 16_384 });
    const { counterfactuals } = explained({ N_CTX: 16_384 });
    const q8 = counterfactuals.find(({ label }) => label === "q8_0 KV cache");
    expect([q8?.gpuLayers, q8?.expertBlocksInRam]).toEqual([49, present.expertBlocksInRam - 2]);
  });
});

describe("laws of placing experts", () => {
  const anyCase = fc.record({
    id: fc.constantFrom(...mixtures),
    gib: fc.double({ min: 0.5, max: 400, noNaN: true }),
    ramGigabytes: fc.integer({ min: 5, max: 900 }),
    N_CTX: contextArbitrary,
    KV_CACHE_QUANT: kvTypeArbitrary,
    tried: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: 60,
      maxLength: 60,
    }),
  });

  it("is the fastest of all placements that fit, and never over the budget", () => {
    fc.assert(
      fc.property(anyCase, ({ id, gib, ramGigabytes, N_CTX, KV_CACHE_QUANT, tried }) => {
        const surface = surfaceNamed(id);
        const gpu = cardOf(gib, ramGigabytes * 1e9);
        const wished = { ...settings, N_CTX, KV_CACHE_QUANT };
        const at = { contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
        const chosen = choosePlacement(surface, gpu, wished);
        const secondsOf = decodeSeconds(surface, gpu, at);
        expect(chosen.needBytes).toBeLessThanOrEqual(gpu.totalBytes);
        if (chosen.gpuLayers === 0) return;
        for (const [layersShare, expertsShare] of tried) {
          const gpuLayers = 1 + Math.floor(layersShare * surface.model.blocks);
          const expertBlocksInRam = Math.round(expertsShare * surface.model.blocks);
          const placement = { gpuLayers, expertBlocksInRam };
          const { totalBytes } = memoryNeed(surface, { ...at, ...placement }).gpu;
          // The planner adds some MiB for its promises on larger contexts and narrower caches.
          if (totalBytes * 1.05 + 200 * MIB <= gpu.totalBytes)
            expect(secondsOf(chosen)).toBeLessThanOrEqual(secondsOf(placement) * (1 + 1e-9));
        }
      }),
      { numRuns: 60 },
    );
  });
});
