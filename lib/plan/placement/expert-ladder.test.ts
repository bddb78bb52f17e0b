import fc from "fast-check";
import { expect, it } from "vitest";
import type { LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { type ExpertStep, expertSteps } from "../memory/expert-steps";
import { placementOf, samePlacement } from "../memory/memory-need";
import { mistralSurface } from "../testing/surface-fixtures";
import { ExpertLadder, type PricedPlacement } from "./expert-ladder";

const BLOCKS = 24;
const GPU_LAYERS = BLOCKS + 1;
const layers = Array.from({ length: BLOCKS }, (_, index): LayerMemory => {
  const [dense] = mistralSurface.layers;
  if (dense === undefined) throw new Error("no layer");
  return { ...dense, index, experts: 8, expertBytes: 3, expertMatrixBytes: { down: 1, gate: 1, up: 1 } };
});
const surface: MemorySurface = { ...mistralSurface, layers };
// None, and in each block two choices of its matrices and the whole.
const steps = expertSteps(surface);
const SAMPLED_BYTES = 100;
const EXPERT_BYTES = 3 * BLOCKS;

/** Asks for a dry run of whatever might fit, until nothing is left to ask. `beside` is what such a dry run says beside the experts. */
function askAll(budgetBytes: number, beside: (step: ExpertStep) => number) {
  const confirmed: PricedPlacement[] = [];
  const needOf = (step: ExpertStep) => beside(step) + EXPERT_BYTES - step.bytes;
  for (;;) {
    const needs = {
      gpuLayers: GPU_LAYERS,
      wholeBytes: 1000,
      allInRamBytes: SAMPLED_BYTES,
      confirmed,
    };
    const ladder = new ExpertLadder(surface, 0, needs, "auto");
    const isKnown = (placement: PricedPlacement) => confirmed.some(known => samePlacement(known, placement));
    const indexOf = (placement: PricedPlacement) =>
      steps.findIndex(step => samePlacement({ gpuLayers: GPU_LAYERS, ...step }, placement));
    const chosen = ladder.firstWithin(budgetBytes);
    const isBetter = (placement: PricedPlacement) => chosen === undefined || indexOf(placement) < indexOf(chosen);
    const better = ladder.mightBeWithin(budgetBytes, { whole: 0, apart: 0.3 * SAMPLED_BYTES }, isBetter);
    const next = [chosen ?? [], better].flat().find(placement => !isKnown(placement));
    const step = next && steps[indexOf(next)];
    if (next === undefined || step === undefined) return { chosen, asked: confirmed.length, needOf };
    confirmed.push({ ...placementOf(next), expertBlocksInRam: step.expertBlocksInRam, needBytes: needOf(step) });
  }
}

it("takes one dry run for all steps beside it: 73 of them need at most 9", () => {
  expect(steps).toHaveLength(73);
  for (const budgetBytes of [110, 130, 150, 170])
    for (const bytes of [80, 100, 119]) {
      const { chosen, asked } = askAll(budgetBytes, () => bytes);
      // A matrix is a byte, so that what fits fits to the byte, as long as at least one of them is in RAM.
      const most = Math.min(budgetBytes, bytes + EXPERT_BYTES - 1);
      expect(chosen?.needBytes).toBe(bytes <= budgetBytes ? most : undefined);
      expect(asked).toBeLessThanOrEqual(9);
    }
});

it("finds the step with the most on the GPU that fits also where the buffers change at one step", () => {
  const cases = fc.record({
    budgetBytes: fc.integer({ min: 90, max: 190 }),
    few: fc.integer({ min: 75, max: 125 }),
    many: fc.integer({ min: 75, max: 125 }),
    change: fc.integer({ min: 0, max: EXPERT_BYTES }),
  });
  fc.assert(
    fc.property(cases, ({ budgetBytes, few, many, change }) => {
      const { chosen, needOf } = askAll(budgetBytes, ({ bytes }) => (bytes < change ? few : many));
      const best = steps.slice(1).find(step => needOf(step) <= budgetBytes);
      expect(chosen?.needBytes).toBe(best && needOf(best));
    }),
    { numRuns: 500 },
  );
});
