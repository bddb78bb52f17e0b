import { describe, expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { planLayers } from "../placement/plan-layers";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { explainPlan } from "../words/explain-plan";
import { largestContextInRam } from "./ram-remedies";

const explained = (
  changes: Parameters<typeof planSettings>[0],
  availableGib: number,
  gpu: typeof p4000 | null = null,
) => {
  const settings = planSettings(changes);
  const memory = { totalBytes: 24 * GIB, availableBytes: availableGib * GIB };
  const computer = { memory, useMmap: true, cpuTokensPerSecond: null };
  return explainPlan(mistralSurface, gpu, settings, planLayers(mistralSurface, gpu, settings), computer);
};

describe("Mistral 7B on the CPU at 300,000 tokens, q8_0, with 23 GiB available", () => {
  // 300,032 cells * 32 layers * 2,048 elements * 34/32 bytes = 20,891,828,224 of KV cache; weights 4,108,181,504; compute
  // 138,506,240 at 32,768 tokens and 1,024 bytes a token more: 412,184,576. Together 25,412,194,304 bytes, 23.67 GiB.
  const large = { N_CTX: 300_000, KV_CACHE_QUANT: "q8_0" } as const;
  const explanation = explained(large, 23);

  it("is too much, and that is the sentence", () => {
    expect([explanation.ram?.outcome, explanation.isOverfull]).toEqual(["rereads", true]);
    expect(explanation.sentence).toBe(
      "685 MiB too much for system memory: 23.67 GiB is needed and 23.00 GiB is available.",
    );
  });

  it("has ways out: the context that fits with 256 MiB to spare, and a narrower cache", () => {
    // 4,213,133,312 + 70,656 a token <= 24,427,626,496: 286,097 tokens, 279 times 1,024.
    expect(explanation.ramRemedies).toEqual([
      { label: "285,696 tokens of context", patch: { N_CTX: 285_696 } },
      { label: "q4_0 KV cache", patch: { KV_CACHE_QUANT: "q4_0" } },
    ]);
    for (const { patch } of explanation.ramRemedies)
      expect(explained({ ...large, ...patch }, 23).ram?.outcome).toBe("fits");
  });

  it("has none where the weights alone are too large", () => {
    expect(explained(large, 3).ramRemedies).toEqual([]);
  });

  it("needs none where it fits", () => {
    expect(explained(large, 23.7)).toMatchObject({ isOverfull: false, ramRemedies: [] });
  });
});

it("a plan with layers on a card keeps its sentence and is offered what fits into memory", () => {
  const explanation = explained({ N_CTX: 300_000 }, 8, p4000);
  expect(explanation.sentence).toMatch(/layers/);
  expect(explanation.isOverfull).toBe(false);
  expect(explanation.ram?.outcome).toBe("swaps");
  expect(explanation.ramRemedies.length).toBeGreaterThan(0);
});

describe("largestContextInRam for Mistral 7B on the CPU, q8_0", () => {
  const largest = (contextTokens: number, availableGib: number) => {
    const settings = planSettings({ N_CTX: contextTokens, KV_CACHE_QUANT: "q8_0" });
    const memory = { totalBytes: 24 * GIB, availableBytes: availableGib * GIB };
    return largestContextInRam(mistralSurface, null, settings, { memory, useMmap: true });
  };

  it("is where system memory ends", () => {
    // 4,213,133,312 + 70,656 a token <= 24,696,061,952: 289,896 tokens, 283 times 1,024.
    expect(largest(300_000, 23)).toBe(289_792);
  });

  it("is what the model was trained for where memory goes further", () => {
    expect(largest(8192, 23)).toBe(32_768);
  });

  it("is none where the weights alone are too large", () => {
    expect(largest(8192, 3)).toBeNull();
  });
});
