import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SystemMemory } from "@/lib/schema/plans/gpu-memory";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { GIB } from "@/lib/units/bytes";
import { customCard, whatIfGpu } from "../cards/what-if-cards";
import { curatedModels } from "./curated-models";
import { type PickComputer, pickCandidates } from "./pick-candidates";
import { type PickCandidate, pickModels } from "./pick-models";

const memoryOf = (gib: number): SystemMemory => ({ totalBytes: gib * GIB, availableBytes: gib * GIB });

/** 0 GiB: no card. */
const computerOf = (cardGib: number, ramGib: number): PickComputer => ({
  gpu: cardGib === 0 ? null : whatIfGpu(customCard(cardGib * 1024)),
  memory: memoryOf(ramGib),
  useMmap: true,
  speed: { ramBytesPerSecond: 30e9, threads: 8, decode: [], prefill: [] },
});

const picksOf = (cardGib: number, ramGib: number, contextTokens = 4096) =>
  pickModels(pickCandidates(computerOf(cardGib, ramGib), { ...defaultSettings, N_CTX: contextTokens }));

const qualityOfBest = (cardGib: number, ramGib: number): number =>
  picksOf(cardGib, ramGib).find(({ label }) => label === "most-capable")?.candidate.quality ?? 0;

const candidate = (changes: Partial<PickCandidate>): PickCandidate => ({
  model: "one",
  quality: 50,
  bits: 5,
  tokensPerSecond: 20,
  fits: true,
  isOnGpu: true,
  ...changes,
});

const namesOf = (candidates: readonly PickCandidate[]) =>
  Object.fromEntries(pickModels(candidates).map(({ label, candidate: { model } }) => [label, model]));

describe("the three picks", () => {
  it("are the best, the best that is comfortable on the card, and the quickest that is still useful", () => {
    const candidates = [
      candidate({ model: "huge", quality: 90, tokensPerSecond: 5, isOnGpu: false }),
      candidate({ model: "good", quality: 70, tokensPerSecond: 30 }),
      candidate({ model: "quick", quality: 55, tokensPerSecond: 90 }),
      candidate({ model: "toy", quality: 10, tokensPerSecond: 500 }),
    ];
    expect(namesOf(candidates)).toEqual({ "most-capable": "huge", balanced: "good", fastest: "quick" });
  });

  it("leave out what does not fit and what answers at under 3 tokens/s", () => {
    const candidates = [
      candidate({ model: "too large", quality: 99, fits: false }),
      candidate({ model: "too slow", quality: 95, tokensPerSecond: 2.9 }),
      candidate({ model: "only" }),
    ];
    expect(namesOf(candidates)).toEqual({ "most-capable": "only" });
  });

  it("take of the best model the file closest to the original if it is whole on the card, else the quickest", () => {
    const coarse = candidate({ bits: 4.8, tokensPerSecond: 40 });
    const fine = candidate({ bits: 8.5, tokensPerSecond: 25 });
    const chosen = (files: readonly PickCandidate[]) => pickModels(files).map(({ candidate: { bits } }) => bits);
    expect(chosen([coarse, fine])).toEqual([8.5]);
    expect(chosen([coarse, fine].map(file => ({ ...file, isOnGpu: false })))).toEqual([4.8]);
  });

  it("are none where nothing runs", () => {
    expect(pickModels([candidate({ fits: false })])).toEqual([]);
  });
});

describe("picks from the curated list", () => {
  it.each([0, 4, 6, 8, 12, 16, 24, 32, 48])("are three different models for %i GiB of card memory", cardGib => {
    const models = picksOf(cardGib, 32).map(({ candidate: { model } }) => model);
    expect(new Set(models).size).toBe(3);
  });

  const sizes = fc.record({
    cardGib: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 48, noNaN: true })),
    ramGib: fc.double({ min: 1, max: 128, noNaN: true }),
    contextTokens: fc.constantFrom(2048, 4096, 8192, 32_768),
  });

  it("call none fastest that answers slower than the balanced one", () => {
    fc.assert(
      fc.property(sizes, ({ cardGib, ramGib }) => {
        const speeds = Object.fromEntries(
          picksOf(cardGib, ramGib).map(({ label, candidate: { tokensPerSecond } }) => [label, tokensPerSecond]),
        );
        expect(speeds.fastest ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(speeds.balanced ?? 0);
      }),
      { numRuns: 40 },
    );
  });

  it("never need more than the card's target and the memory that is there", () => {
    fc.assert(
      fc.property(sizes, ({ cardGib, ramGib, contextTokens }) => {
        for (const { candidate: pick } of picksOf(cardGib, ramGib, contextTokens)) {
          expect(pick.plan.predicted.totalBytes).toBeLessThanOrEqual(cardGib * GIB * 0.8);
          expect(pick.ramNeed.needBytes).toBeLessThanOrEqual(ramGib * GIB);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("are never less capable at best with more memory", () => {
    const more = fc.double({ min: 0, max: 24, noNaN: true });
    fc.assert(
      fc.property(sizes, more, more, ({ cardGib, ramGib }, moreCard, moreRam) => {
        const before = qualityOfBest(cardGib, ramGib);
        expect(qualityOfBest(cardGib + (cardGib > 0 ? moreCard : 0), ramGib + moreRam)).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the curated list", () => {
  it("names each model and file once", () => {
    const names = curatedModels.map(({ name }) => name);
    const files = curatedModels.flatMap(({ repository, files: own }) => own.map(({ file }) => `${repository}/${file}`));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(files).size).toBe(files.length);
  });
});
