import { describe, expect, it } from "vitest";
import { bytesToMib, mibToBytes } from "@/lib/units/bytes";
import { planLayers } from "../placement/plan-layers";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { contextImpact } from "./context-impact";

/** The write-up's file has 4,166.1 MiB. */
const surface = { ...mistralSurface, model: { ...mistralSurface.model, fileBytes: mibToBytes(4166.1) } };
const impact = contextImpact(surface, p4000, planSettings({ N_CTX: 32_768 }));

describe("what the context costs", () => {
  it("is the design's table, with the simple formula beside it", () => {
    const rows = impact.rows.map(({ contextTokens, kvPerLayerBytes, gpuLayers, simpleLayers }) => [
      contextTokens,
      bytesToMib(kvPerLayerBytes.f16),
      gpuLayers.f16,
      gpuLayers.q8_0,
      gpuLayers.q4_0,
      simpleLayers,
    ]);
    expect(rows).toEqual([
      [2048, 8, 33, 33, 33, 32],
      [4096, 16, 33, 33, 33, 29],
      [8192, 32, 33, 33, 33, 22],
      [16_384, 64, 29, 33, 33, 14],
      [32_768, 128, 21, 28, 33, 8],
    ]);
  });

  it("draws curves that never fall, up to the trained context", () => {
    expect(impact.contexts.at(-1)).toBe(32_768);
    for (const { fullNeedBytes } of Object.values(impact.perKvType)) {
      expect(fullNeedBytes).toHaveLength(impact.contexts.length);
      expect(fullNeedBytes).toEqual(fullNeedBytes.toSorted((a, b) => a - b));
    }
  });

  it("has the sketch's points: all layers at 4,096 and 32,768 tokens", () => {
    const at = (contextTokens: number) =>
      Object.values(impact.perKvType).map(({ fullNeedBytes }) =>
        Math.round(bytesToMib(fullNeedBytes[impact.contexts.indexOf(contextTokens)] ?? 0)),
      );
    // f16, q8_0, q4_0 in MiB
    expect(at(4096)).toEqual([4464, 4232, 4104]);
    expect(at(32_768)).toEqual([8076, 6156, 5132]);
  });

  it("names where all layers stop fitting, between the last that fits and the next 256 tokens", () => {
    expect(impact.fullStopsAtTokens).toEqual({ f16: 11_264, q8_0: 21_248, q4_0: 32_768 });
  });

  it("reaches a context beyond the trained one when that is asked for", () => {
    expect(contextImpact(surface, p4000, planSettings({ N_CTX: 50_000 })).contexts.at(-1)).toBe(50_000);
  });

  it.each([768, 5000, 32_768])("has the very plan of %i tokens among its samples", contextTokens => {
    const settings = planSettings({ N_CTX: contextTokens, LAYERS: "auto" });
    const { contexts, perKvType } = contextImpact(surface, p4000, settings);
    const index = contexts.indexOf(contextTokens);
    expect(perKvType.f16.gpuLayers[index]).toBe(planLayers(surface, p4000, settings).gpuLayers);
    expect(contexts).toEqual(contexts.toSorted((a, b) => a - b));
  });

  it("tells what fits beyond the trained context from what the model was trained for", () => {
    // A tenth of the elements: 50,000 tokens of KV cache are 625 MiB. Weights 3,848 MiB, compute 132 MiB and 1 KiB a token more.
    const small = {
      ...surface,
      layers: surface.layers.map(layer => ({
        ...layer,
        kv: { ...layer.kv, kElementsPerCell: 102, vElementsPerCell: 102 },
      })),
    };
    const beyond = contextImpact(small, p4000, planSettings({ N_CTX: 50_000 }));
    expect([beyond.fullStopsAtTokens.f16, beyond.trainedTokens]).toEqual([50_000, 32_768]);
    const within = contextImpact(small, p4000, planSettings({ N_CTX: 4096 }));
    expect(within.fullStopsAtTokens.f16).toBe(32_768);
  });

  it("draws the curves of system memory without a card, and plans no layers", () => {
    const without = contextImpact(surface, null, planSettings());
    // plan-ram.test.ts: 4,754,244,608 bytes of system memory at 4,096 tokens.
    expect(without.perKvType.f16.fullNeedBytes[without.contexts.indexOf(4096)]).toBe(4_754_244_608);
    expect(new Set(without.perKvType.f16.gpuLayers)).toEqual(new Set([0]));
    expect([without.budgetBytes, without.rows[0]?.simpleLayers]).toEqual([0, null]);
  });
});
