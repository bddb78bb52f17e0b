import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { headerSurface } from "../memory/header-surface";
import { decodeSeconds } from "../speed/speed-parts";
import { contextArbitrary, kvTypeArbitrary, surfaceArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { planSentence } from "../words/plan-sentence";
import { betterPlacements } from "./choose-placement";
import { planLayers } from "./plan-layers";

interface TestCard {
  readonly name?: string;
  readonly budgetBytes: number;
}

/** Cards with so much room each, and no overhead. */
const cardsOf = (...cards: readonly TestCard[]): GpuMemory => {
  const totalBytes = cards.reduce((sum, { budgetBytes }) => sum + budgetBytes, 0);
  return {
    ...p4000,
    name: "cards together",
    totalBytes,
    freeBytes: totalBytes,
    usedByOthersBytes: 0,
    overhead: { ...p4000.overhead, bytes: 0 },
    placesExperts: true,
    cards: cards.map(({ name = "GeForce RTX 3060", budgetBytes }, position) => ({
      name,
      totalBytes: budgetBytes,
      freeBytes: budgetBytes,
      heldByEngineBytes: 0,
      position,
    })),
  };
};

function shapeSurface(id: string): MemorySurface {
  const { header, fileBytes } = shapeFile(modelShape(id));
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error(`${id}: the header wants more bytes`);
  return headerSurface(parsed.profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });
}

const mib = (count: number): TestCard => ({ budgetBytes: count * MIB });
const all = planSettings({ TARGET_VRAM_USAGE: 1, N_CTX: 32_768, KV_CACHE_QUANT: "f16" });
const plan = (gpu: GpuMemory, change: Parameters<typeof planSettings>[0] = {}, surface = mistralSurface) =>
  planLayers(surface, gpu, { ...all, ...change });

/** A surface with the buffers of each of several cards. */
const withCards = (firstMib: number, lastMib: number): MemorySurface => {
  const table = (computeMib: number): MemorySurface["compute"] => {
    const column = [{ gpuLayers: 1, points: [{ contextTokens: 256, gpuBytes: computeMib * MIB, ramBytes: 0 }] }];
    return ofEachElementType(() => column);
  };
  return {
    ...mistralSurface,
    cardCompute: { first: table(firstMib), middle: table(firstMib), last: table(lastMib) },
  };
};

describe("layers over several cards", () => {
  // A block is 117.03 MiB and 128 MiB of KV cache: 245.03. The output is 102.55 MiB.
  const surface = withCards(20, 60);

  it("fills each card with what fits there, the compute buffer included", () => {
    // 10 blocks and 20 MiB are 2,470.3 MiB; 8 blocks, the output and 60 MiB are 2,122.8.
    const { tensorSplit, gpuLayers, cards } = plan(cardsOf(mib(2471), mib(2123)), {}, surface);
    expect([gpuLayers, tensorSplit]).toEqual([19, [10, 9]]);
    expect(cards.map(({ layers }) => layers)).toEqual([10, 9]);
    expect(cards.map(({ predicted }) => Math.round(predicted.totalBytes / MIB))).toEqual([2470, 2123]);
    expect(plan(cardsOf(mib(2470), mib(2123)), {}, surface).tensorSplit).toEqual([9, 9]);
    expect(plan(cardsOf(mib(2471), mib(2122)), {}, surface).tensorSplit).toEqual([10, 8]);
  });

  it("says which card has which layers", () => {
    const gpu = cardsOf({ ...mib(2471), name: "NVIDIA A" }, { ...mib(2123), name: "NVIDIA B" });
    const settings = { ...all };
    const found = planLayers(surface, gpu, settings);
    expect(planSentence(surface, gpu, settings, found)).toMatch(
      /^19 of 33 layers fit: 10 on NVIDIA A, 9 on NVIDIA B\. /,
    );
    const onCard = found.perLayer.filter(({ card }) => card === 1).map(({ index }) => index);
    expect(onCard).toEqual([24, 25, 26, 27, 28, 29, 30, 31, 32]);
  });

  it("leaves the other cards free where everything fits on one, and takes the fastest of those", () => {
    const room = mib(9000);
    const names = ["GeForce RTX 3060", "GeForce RTX 4090"];
    const [slow, fast] = names.map(name => ({ ...room, name }));
    if (slow === undefined || fast === undefined) throw new Error("two cards");
    expect(plan(cardsOf(slow, fast)).tensorSplit).toEqual([0, 33]);
    expect(plan(cardsOf(fast, slow)).tensorSplit).toEqual([33]);
    expect(plan(cardsOf(slow, { ...fast, budgetBytes: 100 * MIB })).tensorSplit).toEqual([33]);
  });

  it("shares over all cards by their room where that was chosen, although one would do", () => {
    const spread = { CARD_CHOICE: "spread" as const };
    expect(plan(cardsOf(mib(9000), mib(9000)), spread).tensorSplit).toEqual([17, 16]);
    // 33 layers by 2 : 1. Half as many would fit on the second one.
    expect(plan(cardsOf(mib(18_000), mib(9000)), spread).tensorSplit).toEqual([22, 11]);
    expect(plan(cardsOf(mib(9000), mib(9000), mib(9000)), spread).tensorSplit).toEqual([11, 11, 11]);
    expect(plan(cardsOf(mib(9000), mib(9000), mib(9000)), { ...spread, GPUS: [0, 2] }).tensorSplit).toEqual([
      17, 0, 16,
    ]);
  });

  it("overfills no card for the sake of sharing: what does not fit by room is filled up", () => {
    // 20 blocks and 20 MiB are 4,920.6 MiB; 12, the output and 60 MiB 3,102.9. By room, the first card would get 21 blocks.
    const gpu = cardsOf(mib(5000), mib(3104));
    const { tensorSplit, gpuLayers, cards } = plan(gpu, { CARD_CHOICE: "spread" }, surface);
    expect([gpuLayers, tensorSplit]).toEqual([33, [20, 13]]);
    for (const { predicted, budgetBytes } of cards) expect(predicted.totalBytes).toBeLessThanOrEqual(budgetBytes);
    // A card without room takes no part.
    expect(plan(cardsOf(mib(9000), mib(10)), { CARD_CHOICE: "spread" }, surface).tensorSplit).toEqual([33]);
  });

  it("gives the faster of two cards the most", () => {
    const cards = (first: string, second: string) =>
      cardsOf({ ...mib(6000), name: first }, { ...mib(6000), name: second });
    const [slow, fast] = ["GeForce RTX 3060", "GeForce RTX 4090"];
    // 24 blocks and 20 MiB are 5,900.7 MiB; 23 blocks, the output and 60 MiB 5,798.2.
    expect(plan(cards(fast, slow), {}, surface).tensorSplit).toEqual([24, 9]);
    expect(plan(cards(slow, fast), {}, surface).tensorSplit).toEqual([9, 24]);
  });

  it("uses only the cards that were chosen, and shares as chosen", () => {
    const gpu = cardsOf(mib(2471), mib(2123));
    expect(plan(gpu, { GPUS: [1] }, surface).tensorSplit?.[0]).toBe(0);
    expect(plan(gpu, { GPUS: [0] }, surface).tensorSplit).toHaveLength(1);
    expect(plan(gpu, { GPUS: [0] }, surface).budgetBytes).toBe(2471 * MIB);
    const shared = plan(gpu, { TENSOR_SPLIT: [1, 1], LAYERS: 10 }, surface);
    expect(shared.tensorSplit).toEqual([5, 5]);
    const tooMuch = plan(gpu, { TENSOR_SPLIT: [1, 0], LAYERS: 33 }, surface);
    expect(tooMuch.tensorSplit).toEqual([33]);
    expect(tooMuch.warnings.map(({ code }) => code)).toContain("card-overflow");
  });

  it("gives a lost card no share: those that are left keep their place in the split", () => {
    const gpu = cardsOf(mib(9000), mib(2471), mib(2123), mib(9000));
    const without = (...lost: readonly number[]): GpuMemory => ({
      ...gpu,
      cards: gpu.cards?.filter((_, index) => !lost.includes(index)),
    });
    const { tensorSplit, cards } = plan(without(0, 3), {}, surface);
    expect(tensorSplit).toEqual([0, 10, 9]);
    expect(cards.map(({ position, layers }) => [position, layers])).toEqual([
      [1, 10],
      [2, 9],
    ]);
    // All layers are 7,943.5 MiB.
    expect(plan(without(0), {}, surface).tensorSplit).toEqual([0, 0, 0, 33]);
    expect(plan(without(0, 1, 2), {}, surface).tensorSplit).toEqual([0, 0, 0, 33]);
  });

  it("believes llama.cpp about a split that overflows, and about one that fits", () => {
    const gpu = cardsOf(mib(2471), mib(2123));
    const point = { gpuLayers: 19, contextTokens: 32_768, kvType: "f16" as const, ramBytes: 0 };
    const over = { ...point, tensorSplit: [10, 9], gpuBytes: 82 * MIB, cardBytes: [22 * MIB, 60 * MIB] };
    expect(plan(gpu, {}, { ...surface, confirmed: [over] }).gpuLayers).toBe(18);
    const fits = { ...point, gpuLayers: 20, tensorSplit: [11, 9], gpuBytes: 0, cardBytes: [0, 0] };
    const roomy = cardsOf(mib(2696), mib(2123));
    expect(plan(roomy, {}, surface).tensorSplit).toEqual([10, 9]);
    expect(plan(roomy, {}, { ...surface, confirmed: [fits] }).tensorSplit).toEqual([11, 9]);
  });

  it("asks about a split only if the card with the output can hold a batch's logits beside it", () => {
    // 512 tokens of 32,000 logits and 4,096 activations in f32 are 70.5 MiB. 8 blocks and the output are 2,062.8.
    const close = withCards(20, 72);
    const asked = (lastMib: number) =>
      betterPlacements(close, cardsOf(mib(2471), mib(lastMib)), all, { gpuLayers: 18, tensorSplit: [10, 8] }, 0.125);
    expect(asked(2134)[0]?.tensorSplit).toEqual([10, 9]);
    expect(asked(2130)).toEqual([]);
  });

  it("asks about experts in RAM although another choice of them needs far more on the same card", () => {
    // llama.cpp's dry runs at 16,384 tokens and q8_0: 90.32 MiB with 4 blocks' experts in RAM, 66.04 with 6 of them, 127.82 with all on that card.
    const points = (computeMib: number) => [{ contextTokens: 16_384, gpuBytes: computeMib * MIB, ramBytes: 0 }];
    const table = (computeMib: number) => ofEachElementType(() => [{ gpuLayers: 9, points: points(computeMib) }]);
    const like = { gpuLayers: 6, tensorSplit: [0, 6], borderExpertsOnGpu: "gate+up of 7" };
    const known = { ...like, expertBlocksInRam: 4, contextTokens: 16_384, kvType: "q8_0" as const, ramBytes: 0 };
    const surface: MemorySurface = {
      ...shapeSurface("small-qwen3-next"),
      compute: table(67.75),
      computeExpertsInRam: table(67.75),
      cardCompute: { first: table(28.3), middle: table(28.3), last: table(67) },
      confirmed: [{ ...known, gpuBytes: 90.32 * MIB, cardBytes: [90.32 * MIB] }],
    };
    const gpu = cardsOf(mib(42.22), { ...mib(127.85), name: "GeForce RTX 4090" });
    const settings = { ...all, N_CTX: 16_384, KV_CACHE_QUANT: "q8_0" as const };
    const chosen = { gpuLayers: 7, expertBlocksInRam: 6, tensorSplit: [1, 6] };
    expect(betterPlacements(surface, gpu, settings, chosen, 0.125)).toContainEqual(
      expect.objectContaining({ ...like, expertBlocksInRam: 6 }),
    );
  });

  it("keeps the KV cache in RAM where that was chosen: then only weights count on the cards", () => {
    const { tensorSplit, predicted, ram, kvInRam } = plan(cardsOf(mib(2471), mib(2123)), { KV_IN_RAM: true }, surface);
    // 20 blocks of 117.03 MiB and 20 MiB are 2,360.6; 12, the output and 60 MiB are 1,566.9.
    expect(tensorSplit?.reduce((sum, layers) => sum + layers, 0)).toBe(33);
    expect([kvInRam, predicted.kvBytes, ram.kvBytes]).toEqual([true, 0, 32 * 128 * MIB]);
  });
});

describe("laws of sharing layers, whatever the cards", () => {
  const cardArbitrary = fc.record({
    name: fc.constantFrom("GeForce RTX 3060", "GeForce RTX 4090", "Unknown"),
    budgetBytes: fc.integer({ min: 0, max: 2 ** 33 }),
  });
  const caseArbitrary = fc.record({
    surface: surfaceArbitrary,
    cards: fc.array(cardArbitrary, { minLength: 2, maxLength: 8 }),
    settings: fc
      .record({
        N_CTX: contextArbitrary,
        KV_CACHE_QUANT: kvTypeArbitrary,
        CARD_CHOICE: fc.constantFrom("fastest" as const, "spread" as const),
      })
      .map(change => planSettings({ ...change, TARGET_VRAM_USAGE: 1 })),
  });

  it("never plans over any card's budget", () => {
    fc.assert(
      fc.property(caseArbitrary, ({ surface, cards, settings }) => {
        for (const { layers, predicted, budgetBytes } of planLayers(surface, cardsOf(...cards), settings).cards)
          if (layers > 0) expect(predicted.totalBytes).toBeLessThanOrEqual(budgetBytes);
      }),
      { numRuns: 300 },
    );
  });

  // "auto" puts the cache where the model is faster, which may be with fewer layers on the cards.
  const cacheOnCards = caseArbitrary.map(one => ({ ...one, settings: { ...one.settings, KV_IN_RAM: false } }));

  it("never gives fewer layers to a model without experts when one of up to four cards gets more room", () => {
    const upToFour = cacheOnCards.map(one => ({ ...one, cards: one.cards.slice(0, 4) }));
    fc.assert(
      fc.property(upToFour, fc.nat(3), fc.integer({ min: 0, max: 2 ** 31 }), (one, index, moreBytes) => {
        const surface = { ...one.surface, computeExpertsInRam: undefined, confirmed: [] };
        const larger = one.cards.map((card, at) =>
          at === index ? { ...card, budgetBytes: card.budgetBytes + moreBytes } : card,
        );
        const layers = (cards: readonly TestCard[]) => planLayers(surface, cardsOf(...cards), one.settings).gpuLayers;
        expect(layers(larger)).toBeGreaterThanOrEqual(layers(one.cards));
      }),
      { numRuns: 300 },
    );
  });

  it("gives several cards at least what any of them holds alone", () => {
    fc.assert(
      fc.property(cacheOnCards, ({ surface, cards, settings }) => {
        const dense = { ...surface, computeExpertsInRam: undefined, confirmed: [] };
        const together = planLayers(dense, cardsOf(...cards), settings).gpuLayers;
        for (const index of cards.keys()) {
          const alone = planLayers(dense, cardsOf(...cards), { ...settings, GPUS: [index] }).gpuLayers;
          expect(together).toBeGreaterThanOrEqual(alone);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("never predicts a mixture of experts that no card holds slower than on any card alone, with up to eight", () => {
    const mixture = shapeSurface("qwen3-30b-a3b");
    const cardsArbitrary = fc.array(
      fc.record({
        name: fc.constantFrom("GeForce RTX 3060", "GeForce RTX 4090", "GeForce GTX 1050"),
        budgetBytes: fc.integer({ min: 0, max: 2 ** 34 }),
      }),
      { minLength: 2, maxLength: 8 },
    );
    fc.assert(
      fc.property(cardsArbitrary, fc.constantFrom(4096, 32_768), (cards, N_CTX) => {
        const gpu = { ...cardsOf(...cards), ramBytesPerSecond: 30e9 };
        const settings = planSettings({ TARGET_VRAM_USAGE: 1, N_CTX });
        const secondsOf = decodeSeconds(mixture, gpu, { contextTokens: N_CTX, kvType: "f16" });
        const together = planLayers(mixture, gpu, settings);
        const used = together.cards.filter(({ layers }) => layers > 0).length;
        for (const { layers, predicted, budgetBytes } of together.cards)
          if (layers > 0) expect(predicted.totalBytes).toBeLessThanOrEqual(budgetBytes);
        for (const index of cards.keys()) {
          const alone = planLayers(mixture, gpu, { ...settings, GPUS: [index] });
          // Where one card holds everything, the others stay free, even if a smaller one were faster.
          if (together.kind === "full" && used === 1) continue;
          expect(secondsOf(together)).toBeLessThanOrEqual(secondsOf(alone) * (1 + 1e-9));
        }
      }),
      { numRuns: 40 },
    );
  });
});
