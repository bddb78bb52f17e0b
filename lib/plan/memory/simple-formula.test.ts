import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kvElementTypes } from "@/lib/schema/plans/kv-type";
import { bytesToMib, MIB, mibToBytes } from "@/lib/units/bytes";
import { type SimpleInput, simplePlan } from "./simple-formula";

/** The write-up's own example: Quadro P4000, mistral-7b-instruct-v0.1.Q4_K_M.gguf. */
const example: SimpleInput = {
  fileBytes: mibToBytes(4166.1),
  blocks: 32,
  hiddenSize: 4096,
  contextTokens: 32_768,
  kvType: "f16",
  targetVramUsage: 0.8,
  totalBytes: 8192 * MIB,
  usedBytes: 857 * MIB,
};

describe("the write-up's example", () => {
  const plan = simplePlan(example);

  it("comes out to the digit", () => {
    expect(bytesToMib(plan.weightsPerLayerBytes).toFixed(1)).toBe("130.2");
    expect(bytesToMib(plan.kvPerLayerBytes).toFixed(1)).toBe("512.0");
    expect(bytesToMib(plan.perLayerBytes).toFixed(1)).toBe("642.2");
    expect(plan.layers).toBe(8);
    expect(bytesToMib(plan.usageBytes).toFixed(0)).toBe("5638");
    expect((plan.usageShare * 100).toFixed(1)).toBe("68.8");
  });

  it.each([
    [2048, 32],
    [4096, 29],
    [8192, 22],
    [16_384, 14],
    [32_768, 8],
  ])("at %i tokens gives %i layers", (contextTokens, layers) => {
    expect(simplePlan({ ...example, contextTokens }).layers).toBe(layers);
  });

  it.each([
    ["f16", 8, "9.4"],
    ["q8_0", 14, "15.7"],
    ["q4_0", 22, "23.4"],
  ] as const)("at 32k and %s gives %i layers, where the prose gets %s", (kvType, layers, prose) => {
    const quantized = simplePlan({ ...example, kvType });
    expect(quantized.layers).toBe(layers);
    expect(quantized.proseLayers.toFixed(1)).toBe(prose);
  });

  it("fits all blocks at 8k with q4_0, as the prose says", () => {
    expect(simplePlan({ ...example, contextTokens: 8192, kvType: "q4_0" }).layers).toBe(32);
  });
});

describe("laws of the simple formula", () => {
  const inputs = fc.record({
    fileBytes: fc.integer({ min: 1, max: 2 ** 36 }),
    blocks: fc.integer({ min: 1, max: 130 }),
    hiddenSize: fc.integer({ min: 64, max: 16_384 }),
    contextTokens: fc.integer({ min: 1, max: 2 ** 20 }),
    kvType: fc.constantFrom(...kvElementTypes),
    targetVramUsage: fc.double({ min: 0, max: 1, noNaN: true }),
    totalBytes: fc.integer({ min: 0, max: 2 ** 37 }),
    usedBytes: fc.integer({ min: 0, max: 2 ** 37 }),
  });

  it("never places layers beyond the budget, and one more would not fit", () => {
    fc.assert(
      fc.property(inputs, input => {
        const budget = input.targetVramUsage * input.totalBytes - input.usedBytes;
        const perElement = { f16: 2, q8_0: 1, q4_0: 0.5 }[input.kvType];
        const perLayer = input.fileBytes / input.blocks + 2 * input.contextTokens * input.hiddenSize * perElement;
        const { layers } = simplePlan(input);
        expect(layers * perLayer).toBeLessThanOrEqual(Math.max(0, budget) * (1 + 1e-12));
        if (layers < input.blocks) expect((layers + 1) * perLayer).toBeGreaterThan(budget * (1 - 1e-12));
      }),
    );
  });

  it("never gives more layers for more context, nor fewer for a higher target or a narrower cache", () => {
    fc.assert(
      fc.property(
        inputs,
        fc.integer({ min: 0, max: 2 ** 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (input, more, target) => {
          const { layers } = simplePlan(input);
          expect(simplePlan({ ...input, contextTokens: input.contextTokens + more }).layers).toBeLessThanOrEqual(
            layers,
          );
          const higher = { ...input, targetVramUsage: Math.max(target, input.targetVramUsage) };
          expect(simplePlan(higher).layers).toBeGreaterThanOrEqual(layers);
          const [f16 = 0, q8 = 0, q4 = 0] = kvElementTypes.map(kvType => simplePlan({ ...input, kvType }).layers);
          expect(q4).toBeGreaterThanOrEqual(q8);
          expect(q8).toBeGreaterThanOrEqual(f16);
        },
      ),
    );
  });
});
