import fc from "fast-check";
import { expect, test } from "vitest";
import { budgetBytes } from "../cards/budget";
import { gpuArbitrary, surfaceArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { planLayers } from "./plan-layers";

const MIB = 1024 * 1024;
const planned = (changes: Parameters<typeof planSettings>[0]) =>
  planLayers(mistralSurface, p4000, planSettings(changes));

test("each answer at once has a cache of its own: 32 layers of 16 MiB at 4,096 tokens", () => {
  // Mistral 7B, f16: 8 KV heads x 128 x K and V x 2 bytes x 4,096 tokens = 16 MiB a layer.
  const kvMib = [1, 2, 3].map(PARALLEL => planned({ PARALLEL, LAYERS: 33 }).predicted.kvBytes / MIB);
  expect(kvMib).toEqual([512, 1024, 1536]);
});

test("a number is used as it is, although layers go to the CPU for it", () => {
  expect(planned({ PARALLEL: 1 }).gpuLayers).toBe(33);
  const eight = planned({ PARALLEL: 8 });
  expect(eight.sequences).toBe(8);
  expect(eight.gpuLayers).toBeLessThan(33);
});

test("auto takes what is left beside all layers: 933 MiB hold one more cache of 512 MiB", () => {
  expect(planned({ PARALLEL: "auto" })).toMatchObject({ gpuLayers: 33, sequences: 2 });
  // At 2,048 tokens a cache is 256 MiB: four fit.
  expect(planned({ PARALLEL: "auto", N_CTX: 2048 })).toMatchObject({ gpuLayers: 33, sequences: 4 });
});

test("auto stays at one where several cards share the model", () => {
  const { name, totalBytes, freeBytes, heldByEngineBytes } = p4000;
  const card = { name, totalBytes, freeBytes, heldByEngineBytes };
  const cards = { ...p4000, cards: [card, card] };
  expect(planLayers(mistralSurface, cards, planSettings({ PARALLEL: "auto" })).sequences).toBe(1);
});

test("on the CPU, auto spends at most 384 MiB: none more at 4,096 tokens, one more at 2,048", () => {
  const onCpu = (N_CTX: number) =>
    planLayers(mistralSurface, null, planSettings({ PARALLEL: "auto", N_CTX })).sequences;
  expect([onCpu(4096), onCpu(2048), onCpu(512)]).toEqual([1, 2, 4]);
});

test("auto never costs a layer and never exceeds the budget", () => {
  fc.assert(
    fc.property(surfaceArbitrary, gpuArbitrary, fc.integer({ min: 256, max: 65_536 }), (any, gpu, N_CTX) => {
      const surface = { ...any, sequences: 1 };
      const one = planLayers(surface, gpu, planSettings({ PARALLEL: 1, N_CTX }));
      const auto = planLayers(surface, gpu, planSettings({ PARALLEL: "auto", N_CTX }));
      expect(auto.gpuLayers).toBe(one.gpuLayers);
      const limitBytes = Math.max(one.predicted.totalBytes, budgetBytes(gpu, 0.8) + gpu.overhead.bytes);
      expect(auto.predicted.totalBytes).toBeLessThanOrEqual(limitBytes);
    }),
  );
});
