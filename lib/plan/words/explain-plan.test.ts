import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GIB, MIB } from "@/lib/units/bytes";
import { planLayers } from "../placement/plan-layers";
import type { Computer } from "../placement/plan-ram";
import {
  contextArbitrary,
  gpuArbitrary,
  kvTypeArbitrary,
  surfaceArbitrary,
  targetArbitrary,
} from "../testing/surface-arbitrary";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { explainPlan } from "./explain-plan";

const explained = (
  changes: Parameters<typeof planSettings>[0] = {},
  gpu: typeof p4000 | null = p4000,
  computer: Computer | null = null,
) => {
  const settings = planSettings(changes);
  return explainPlan(mistralSurface, gpu, settings, planLayers(mistralSurface, gpu, settings), computer);
};

describe("the sentence", () => {
  it.each([
    ["a partial plan", { N_CTX: 32_768 }, "21 of 33 layers fit. The next one needs 37 MiB more than your 80 % leaves."],
    // 5,396.6 - 4,463.6 = 933 MiB
    ["a full plan", { N_CTX: 4096 }, "All 33 layers fit, with 933 MiB to spare."],
    ["a manual number that fits", { LAYERS: 5, N_CTX: 32_768 }, "You chose 5 of 33 layers. 21 would fit."],
    [
      "a manual number that is too high",
      { LAYERS: 22, N_CTX: 32_768 },
      "You chose 22 of 33 layers. They need 37 MiB more than your 80 % leaves; 21 would fit.",
    ],
    // p4000: 8,075.6 MiB of buffers + 300 of overhead + 857 of others are 1,040.6 MiB more than 8,192.
    [
      "a manual number that overflows the card",
      { LAYERS: 33, N_CTX: 32_768 },
      "1.02 GiB too much for the card: you chose 33 of 33 layers, and 21 would fit.",
    ],
    ["a manual zero", { LAYERS: 0 }, "All 33 layers run on the CPU, as you chose."],
  ] as const)("says why for %s", (_, changes, sentence) => {
    expect(explained(changes).sentence).toBe(sentence);
  });

  it("names what is free where that is less than the target leaves", () => {
    const grabbed = { ...p4000, freeBytes: 5000 * MIB };
    expect(explained({ N_CTX: 32_768 }, grabbed).sentence).toMatch(/needs \d+ MiB more than is free\.$/);
  });

  it("says what would have to be freed when others hold too much", () => {
    const busy = { ...p4000, usedByOthersBytes: 7000 * MIB, freeBytes: 1192 * MIB };
    // 7000 + 300 - 6553.6
    expect(explained({}, busy).sentence).toBe(
      "No layer fits: 746 MiB would have to be freed before the first byte does.",
    );
  });

  it("names what else is in system memory on the CPU", () => {
    const beside = [{ kind: "draft" as const, name: "small.gguf", bytes: 88 * MIB }];
    const memory = { totalBytes: 16 * GIB, availableBytes: 16 * GIB, beside };
    expect(explained({}, null, { memory, useMmap: true, cpuTokensPerSecond: null }).sentence).toBe(
      "Runs on the CPU: 4.43 of 16.00 GiB of memory, and 88 MiB for the draft model small.gguf.",
    );
  });

  // plan-ram.test.ts: 4,754,116,608 bytes on the CPU alone.
  it.each([
    [null, 16, "Runs on the CPU: 4.43 of 16.00 GiB of memory."],
    [4.25, 16, "Runs on the CPU: 4.43 of 16.00 GiB of memory, about 4.3 tokens/s."],
    [70.4, 16, "Runs on the CPU: 4.43 of 16.00 GiB of memory, about 70 tokens/s."],
    [70.4, 4, "440 MiB too much for system memory: 4.43 GiB is needed and 4.00 GiB is available."],
  ])("without a GPU is about this computer: %s tokens/s with %d GiB", (cpuTokensPerSecond, availableGib, sentence) => {
    const memory = { totalBytes: 16 * GIB, availableBytes: availableGib * GIB };
    expect(explained({}, null, { memory, useMmap: true, cpuTokensPerSecond }).sentence).toBe(sentence);
  });

  it("is followed by the parts", () => {
    // 32 layers of 16 MiB each, for each of two answers.
    expect(explained({ N_CTX: 4096, PARALLEL: 2 }).detail).toContain(
      "KV cache for 2 answers at once, each of 4,096 tokens, 1.00 GiB (512 MiB each), ",
    );
    expect(explained({ N_CTX: 32_768 }).detail).toBe(
      "Weights 2.39 GiB, KV cache for 32,768 tokens 2.50 GiB, compute 185 MiB, overhead 300 MiB, on top of 857 MiB used by others.",
    );
  });
});

describe("counterfactuals", () => {
  it("list what gains layers, most first, as in the design's sketch", () => {
    const list = explained({ N_CTX: 32_768 }).counterfactuals.map(({ label, gpuLayers, gainLayers, full }) => [
      label,
      gpuLayers,
      gainLayers,
      full,
    ]);
    expect(list).toEqual([
      ["q4_0 KV cache", 33, 12, true],
      ["11k context", 33, 12, true],
      ["16k context", 29, 8, false],
      ["q8_0 KV cache", 28, 7, false],
      // 0.9 * 8192 - 857 - 300 = 6,215.8; 5,188.2 + 4 * 245.0 = 6,168.3
      ["close other programs, 0.84 GiB", 25, 4, false],
      ["target 90 %", 25, 4, false],
    ]);
  });

  it("offer a smaller batch where it makes all layers fit", () => {
    // All 33 at 11,520 tokens need 4,034,453,504 + 1,509,949,440 + 116,653,... bytes: 2 MiB over the budget, half the compute buffer under it.
    const batch = explained({ N_CTX: 11_520 }).counterfactuals.find(({ patch }) => patch?.N_BATCH !== undefined);
    expect(batch).toEqual({
      label: "batch 256",
      expertBlocksInRam: 0,
      patch: { N_BATCH: 256 },
      gpuLayers: 33,
      gainLayers: 1,
      full: true,
      decode: null,
    });
  });

  it("are none when all layers fit, without a GPU, and for what needs flash attention when that is off", () => {
    expect(explained().counterfactuals).toEqual([]);
    expect(explained({ N_CTX: 32_768 }, null).counterfactuals).toEqual([]);
    const labels = explained({ N_CTX: 32_768, FLASH_ATTENTION: "off" }).counterfactuals.map(({ label }) => label);
    expect(labels.filter(label => label.includes("KV cache"))).toEqual([]);
  });

  it("tell a manual number that is too high what would fit", () => {
    const [all] = explained({ N_CTX: 32_768, LAYERS: 33 }).counterfactuals;
    expect(all).toMatchObject({
      label: "q4_0 KV cache",
      patch: { KV_CACHE_QUANT: "q4_0", LAYERS: "auto" },
      full: true,
    });
    const automatic = explained({ N_CTX: 32_768, LAYERS: 33 }).counterfactuals.find(
      ({ label }) => label === "automatic layers",
    );
    expect(automatic).toMatchObject({ gpuLayers: 21, gainLayers: -12, patch: { LAYERS: "auto" } });
  });

  it("come true: a patch that is applied gives the layers it promised", () => {
    const anySettings = fc
      .record({ N_CTX: contextArbitrary, KV_CACHE_QUANT: kvTypeArbitrary, TARGET_VRAM_USAGE: targetArbitrary })
      .map(planSettings);
    fc.assert(
      fc.property(surfaceArbitrary, gpuArbitrary, anySettings, (surface, gpu, settings) => {
        const { counterfactuals, presets } = explainPlan(surface, gpu, settings, planLayers(surface, gpu, settings));
        for (const { patch, gpuLayers } of [
          ...counterfactuals,
          ...presets.map(preset => ({ ...preset, ...preset.plan })),
        ]) {
          if (patch === null || patch.N_BATCH !== undefined) continue;
          const changed = { ...settings, ...patch };
          expect(planLayers(surface, gpu, changed).gpuLayers).toBe(gpuLayers);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("expected speed", () => {
  const computer: Computer = {
    memory: { totalBytes: 16 * GIB, availableBytes: 16 * GIB },
    useMmap: true,
    cpuTokensPerSecond: null,
    speed: { ramBytesPerSecond: 28.5e9, threads: 8, decode: [], prefill: [] },
  };

  it("stands in the sentence, with what stands behind it", () => {
    expect(explained({ N_CTX: 4096 }, p4000, computer).sentence).toMatch(
      /^All 33 layers fit, with 933 MiB to spare\. No measurement yet on this card: 28 to 59 tokens\/s, prompts \d+ to \d+\.$/,
    );
    expect(explained({}, null, computer).sentence).toMatch(
      /of memory\. No measurement yet on this computer: 4\.\d to 10 tokens\/s, prompts \d+ to \d+\.$/,
    );
  });

  it("is not promised for a plan that is too large for the card", () => {
    expect(explained({ LAYERS: 33, N_CTX: 32_768 }, p4000, computer).sentence).toMatch(/and 21 would fit\.$/);
  });

  // Quadro P4000, 243 GB/s, 75 % of it reached: 4.03 GB take 22.1 ms, blocks, cache and token 2.4: 24.5 ms.
  it("stands on each preset", () => {
    const preset = explained({ N_CTX: 32_768 }, p4000, computer).presets.find(({ id }) => id === "all-layers");
    const { low, high } = preset?.plan.decode ?? { low: 0, high: 0 };
    expect(Math.sqrt(low * high)).toBeCloseTo(1 / 0.0245, -0.5);
    expect(explained({ N_CTX: 32_768 }).presets[0]?.plan.decode).toBeNull();
  });
});

describe("presets for Mistral 7B at 32,768 tokens on the 8 GiB card", () => {
  const { presets, largestFullContext } = explained({ N_CTX: 32_768 });
  const chosen = presets.map(({ id, patch, plan }) => [id, patch.N_CTX, patch.KV_CACHE_QUANT, plan.gpuLayers]);

  it("keep the context with the cache that gives most layers, or all layers with the widest cache, or the least memory", () => {
    expect(chosen).toEqual([
      ["keep-context", 32_768, "q4_0", 33],
      ["all-layers", 11_264, "f16", 33],
      ["smallest", 4096, "q4_0", 33],
    ]);
  });

  it("name the largest context with all layers for each KV type", () => {
    expect(largestFullContext).toEqual({ f16: 11_264, q8_0: 21_248, q4_0: 32_768 });
  });

  it("say where keeping the context means another cache, and keep the present one where that gains nothing", () => {
    expect(presets[0]?.label).toBe("Keep my context, with a q4_0 KV cache");
    const [kept] = explained({ N_CTX: 4096, KV_CACHE_QUANT: "q8_0" }).presets;
    expect([kept?.label, kept?.patch.KV_CACHE_QUANT]).toEqual(["Keep my context", "q8_0"]);
  });

  it("offer no context that nobody can chat in, unless it was asked for", () => {
    // All 33 layers need 3,917.9 - 70.3 MiB of weights and at 2,048 tokens of q4_0 72 MiB of cache: more than 0.8 * 5,000 - 300.
    const small = { ...p4000, totalBytes: 5000 * MIB, usedByOthersBytes: 0, freeBytes: 5000 * MIB };
    expect(explained({ N_CTX: 32_768 }, small).presets.map(({ id }) => id)).toEqual(["keep-context", "smallest"]);
    const asked = explained({ N_CTX: 768 }).presets;
    expect(asked.map(({ patch }) => patch.N_CTX)).toEqual([768, 768, 768]);
  });

  it("and chips and the chart name the same largest context", () => {
    // Budget 0.8 * 8300 - 857 - 300 = 5,483 MiB; 4,034,453,504 bytes of weights, 131,072 a token of KV cache, and of compute
    // 113,258,496 at 8,192 tokens and 1,024 a token more: 12,188 tokens, 47 times 256.
    const odd = { ...p4000, totalBytes: 8300 * MIB, freeBytes: 8300 * MIB - p4000.usedByOthersBytes };
    const explanation = explained({ N_CTX: 32_768 }, odd);
    const largest = explanation.largestFullContext.f16;
    expect(largest).toBe(12_032);
    expect(explanation.presets.find(({ id }) => id === "all-layers")?.patch.N_CTX).toBe(largest);
    expect(explanation.counterfactuals.map(({ patch }) => patch?.N_CTX)).toContain(largest);
  });

  it("stay with f16 when flash attention is off", () => {
    const types = explained({ N_CTX: 32_768, FLASH_ATTENTION: "off" }).presets.map(({ patch }) => patch.KV_CACHE_QUANT);
    expect(types).toEqual(["f16", "f16", "f16"]);
  });
});
