import { describe, expect, it } from "vitest";
import { bytesToMib, formatMib, MIB } from "@/lib/units/bytes";
import { memoryNeed } from "../memory/memory-need";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { planLayers } from "./plan-layers";

const mib = (bytes: number): string => bytesToMib(bytes).toFixed(1);

describe("Mistral 7B on the 8 GiB card", () => {
  // The design's own table, from llama.cpp's dry run: layers that fit, of 33.
  it.each([
    [2048, 33, 33, 33],
    [4096, 33, 33, 33],
    [8192, 33, 33, 33],
    [16_384, 29, 33, 33],
    [32_768, 21, 28, 33],
  ])("at %i tokens places %i, %i and %i layers for f16, q8_0 and q4_0", (N_CTX, f16, q8, q4) => {
    const layers = (["f16", "q8_0", "q4_0"] as const).map(
      KV_CACHE_QUANT => planLayers(mistralSurface, p4000, planSettings({ N_CTX, KV_CACHE_QUANT })).gpuLayers,
    );
    expect(layers).toEqual([f16, q8, q4]);
  });

  const plan = planLayers(mistralSurface, p4000, planSettings({ N_CTX: 32_768 }));

  it("needs 5,188.2 MiB for 21 layers and 5,433.2 for 22, of a budget of 5,396.6", () => {
    // 0.8 * 8192 - 857 - 300 = 5396.6
    expect(mib(plan.budgetBytes)).toBe("5396.6");
    expect(mib(plan.predicted.totalBytes - plan.predicted.overheadBytes)).toBe("5188.2");
    const next = memoryNeed(mistralSurface, { gpuLayers: 22, contextTokens: 32_768, kvType: "f16" });
    expect(mib(next.gpu.totalBytes)).toBe("5433.2");
    // 5433.2 - 5396.6 = 36.6
    expect(formatMib(plan.nextLayerShortBytes ?? 0)).toBe("36.6 MiB");
  });

  it("splits the prediction into 20 blocks of weights and KV, the output layer and the compute buffer", () => {
    // 20 blocks * 128 MiB; 107,536,384 + 20 * 122,716,160
    expect(plan.predicted.kvBytes).toBe(20 * 128 * MIB);
    expect(plan.predicted.weightsBytes).toBe(2_561_859_584);
    expect(plan.predicted.computeBytes).toBe(193_988_608);
    expect(plan.predicted.overheadBytes).toBe(300 * MIB);
    expect(plan.ram.kvBytes).toBe(12 * 128 * MIB);
  });

  it("draws a map that adds up to the plan, the output layer first on the GPU", () => {
    const on = (device: string) => plan.perLayer.filter(layer => layer.device === device);
    const sum = (layers: typeof plan.perLayer, key: "weightsBytes" | "kvBytes") =>
      layers.reduce((total, layer) => total + layer[key], 0);
    expect(on("gpu").map(layer => layer.index)).toEqual(Array.from({ length: 21 }, (_, index) => index + 12));
    expect(sum(on("gpu"), "weightsBytes")).toBe(plan.predicted.weightsBytes);
    expect(sum(on("cpu"), "weightsBytes")).toBe(plan.ram.weightsBytes);
    expect(sum(on("gpu"), "kvBytes")).toBe(plan.predicted.kvBytes);
    expect(sum(on("cpu"), "kvBytes")).toBe(plan.ram.kvBytes);
  });
});

describe("outcomes in words", () => {
  it("is cpu-only, and says what would have to be freed, when others use more than the target", () => {
    const busy = { ...p4000, usedByOthersBytes: 7000 * MIB, freeBytes: 1192 * MIB };
    const plan = planLayers(mistralSurface, busy, planSettings());
    expect(plan.kind).toBe("cpu-only");
    expect(plan.predicted.totalBytes).toBe(0);
    expect(plan.budgetBytes).toBe(0);
    // 7000 + 300 - 0.8 * 8192 = 746.4
    expect(plan.warnings).toEqual([expect.objectContaining({ code: "over-budget" })]);
    expect(plan.warnings[0]?.message).toContain("746 MiB");
  });

  it("plans system memory when there is no GPU", () => {
    const plan = planLayers(mistralSurface, null, planSettings({ LAYERS: 20 }));
    expect(plan.kind).toBe("cpu-only");
    expect(plan.nextLayerShortBytes).toBeNull();
    expect(plan.warnings.map(warning => warning.code)).toEqual(["no-gpu"]);
    // 73,728,000 + 107,536,384 + 32 * 122,716,160; 32 layers * 16 MiB
    expect(plan.ram.weightsBytes).toBe(4_108_181_504);
    expect(plan.ram.kvBytes).toBe(512 * MIB);
  });

  it("misses a dry run only where there is a card to make one for", () => {
    const estimated = { ...mistralSurface, computeSource: "estimated" } as const;
    const codesFor = (gpu: typeof p4000 | null) =>
      planLayers(estimated, gpu, planSettings()).warnings.map(({ code }) => code);
    expect(codesFor(p4000)).toEqual(["estimated"]);
    expect(codesFor(null)).toEqual(["no-gpu"]);
  });

  it("counts what our own engine holds as free", () => {
    const loaded = { ...p4000, heldByEngineBytes: 5000 * MIB, freeBytes: 2335 * MIB };
    expect(planLayers(mistralSurface, loaded, planSettings()).gpuLayers).toBe(33);
    expect(planLayers(mistralSurface, { ...loaded, heldByEngineBytes: 0 }, planSettings()).gpuLayers).toBeLessThan(20);
  });

  it("takes a manual number as it is, and warns by how much it is too many", () => {
    const plan = planLayers(mistralSurface, p4000, planSettings({ N_CTX: 32_768, LAYERS: 22 }));
    expect([plan.gpuLayers, plan.manual]).toEqual([22, true]);
    expect(plan.warnings).toEqual([
      { code: "over-budget", message: "22 layers need 37 MiB more than the target leaves." },
    ]);
  });

  it("clamps a manual number to all layers", () => {
    const plan = planLayers(mistralSurface, p4000, planSettings({ LAYERS: 99 }));
    expect([plan.kind, plan.gpuLayers]).toEqual(["full", 33]);
    expect(plan.warnings.map(warning => warning.code)).toEqual(["clamped"]);
  });

  it("allows a context above the trained one, with a warning", () => {
    const plan = planLayers(mistralSurface, p4000, planSettings({ N_CTX: 40_000 }));
    expect(plan.contextTokens).toBe(40_000);
    expect(plan.warnings.map(warning => warning.code)).toEqual(["context-above-training"]);
  });

  it("warns that a quantized cache cannot be made without flash attention", () => {
    const settings = planSettings({ KV_CACHE_QUANT: "q8_0", FLASH_ATTENTION: "off" });
    const plan = planLayers({ ...mistralSurface, flashAttention: "off" }, p4000, settings);
    expect(plan.warnings.map(warning => warning.code)).toEqual(["kv-type-refused"]);
  });
});

it("says it where two sources tell of different cards, and which one is believed", () => {
  const note = "Which of them is used cannot be told, so llama.cpp's own figures are planned with.";
  const { warnings } = planLayers(mistralSurface, { ...p4000, note }, planSettings());
  expect(warnings).toContainEqual({ code: "card-unclear", message: note });
});
