import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { headsOf80, openLlama3b } from "@/lib/gguf/testing/odd-heads-shape";
import { kvTypes } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { contextImpact } from "../advice/context-impact";
import { counterfactuals } from "../advice/counterfactuals";
import { planPresets } from "../advice/presets";
import { planLayers } from "../placement/plan-layers";
import { decodeSeconds } from "../speed/speed-parts";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { planSentence } from "../words/plan-sentence";
import { headerSurface } from "./header-surface";
import {
  attentionLeavesCard,
  filledAs,
  kvTypeRefusal,
  mixedTypeNote,
  refusedByHeadSize,
  usableKvTypes,
} from "./usable-kv-types";

function surfaceOf(shape: ReturnType<typeof headsOf80>): MemorySurface {
  const { header, fileBytes } = shapeFile(shape);
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return headerSurface(parsed.profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });
}

describe("which KV types a model can have", () => {
  // llama.cpp: "K cache type q8_0 with block size 32 does not divide n_embd_head_k=80".
  it.each([
    [80, ["f16"]],
    [100, ["f16"]],
    [48, ["f16"]],
    [64, ["f16", "q8_0", "q4_0"]],
    [96, ["f16", "q8_0", "q4_0"]],
    [128, ["f16", "q8_0", "q4_0"]],
    [576, ["f16", "q8_0", "q4_0"]],
    [0, ["f16", "q8_0", "q4_0"]],
  ])("with heads of %i: %j", (size, kvTypes) => {
    expect(usableKvTypes({ flashAttention: "auto", refusedKvTypes: refusedByHeadSize({ k: size, v: 128 }) })).toEqual(
      kvTypes,
    );
    expect(usableKvTypes({ flashAttention: "auto", refusedKvTypes: refusedByHeadSize({ k: 128, v: size }) })).toEqual(
      kvTypes,
    );
  });

  it("without flash attention it is f16 alone, whoever says it: the surface or the draft", () => {
    expect(usableKvTypes({ flashAttention: "off" })).toEqual(["f16"]);
    expect(usableKvTypes({ flashAttention: "auto" }, "off")).toEqual(["f16"]);
    expect(kvTypeRefusal({ flashAttention: "auto" }, "q8_0", "off")).toContain("needs flash attention");
  });

  // llama.cpp: "quantized V cache requires flash_attn to be enabled". A quantized K is possible without.
  it.each([
    ["q8_0/f16", null],
    ["q4_0/f16", null],
    ["f16/q8_0", "Set flash attention to auto, or V to f16."],
    ["q8_0/q4_0", "Set flash attention to auto, or V to f16."],
  ] as const)("without flash attention a quantized V is impossible, and a quantized K is not: %s", (kvType, remedy) => {
    const refusal = kvTypeRefusal({ flashAttention: "off" }, kvType);
    if (remedy === null) expect(refusal).toBeNull();
    else expect(refusal).toContain(remedy);
  });

  it("asks the heads of K about K's type, and those of V about V's", () => {
    const refusedKvTypes = refusedByHeadSize({ k: 100, v: 128 });
    const usable = kvTypes.filter(kvType => kvTypeRefusal({ flashAttention: "auto", refusedKvTypes }, kvType) === null);
    expect(usable).toEqual(["f16", "f16/q8_0", "f16/q4_0"]);
    expect(kvTypeRefusal({ flashAttention: "auto", refusedKvTypes }, "q8_0/f16")).toBe(
      "This model cannot have a q8_0/f16 KV cache: its heads' K has 100 elements, which blocks of 32 do not divide. Choose f16.",
    );
  });

  it("fills the table of each type with the cache that can have it: for both, for K alone, or for V alone", () => {
    const uneven = (k: number, v: number) => ({
      flashAttention: "auto" as const,
      refusedKvTypes: refusedByHeadSize({ k, v }),
    });
    expect(filledAs(uneven(64, 64), "q8_0")).toBe("q8_0");
    expect(filledAs({ flashAttention: "off" }, "q8_0")).toBe("q8_0/f16");
    expect(filledAs(uneven(100, 128), "q4_0")).toBe("f16/q4_0");
    expect(filledAs(uneven(100, 100), "q4_0")).toBeNull();
  });

  // The prebuilt libggml-cuda.so of node-llama-cpp 3.22.1 holds flash_attn_ext_vec for four pairs, each of one type.
  it.each([
    ["cuda", "q8_0/q4_0", "auto", true],
    ["cuda", "q8_0/f16", "on", true],
    ["cuda", "q8_0/f16", "auto", false],
    ["cuda", "q8_0", "auto", false],
    ["vulkan", "q8_0/q4_0", "auto", false],
  ] as const)(
    "on %s, attention to a %s cache with flash attention %s leaves the card: %s",
    (backend, kvType, mode, leaves) => {
      expect(attentionLeavesCard(kvType, mode, { backend })).toBe(leaves);
      expect(mixedTypeNote(kvType, mode, { backend }) !== null).toBe(backend === "cuda" && kvType !== "q8_0");
    },
  );

  it("says the head size, and what works", () => {
    expect(kvTypeRefusal(surfaceOf(headsOf80()), "q8_0")).toBe(
      "This model cannot have a q8_0 KV cache: its heads have 80 elements, which blocks of 32 do not divide. Choose f16.",
    );
    expect(kvTypeRefusal(surfaceOf(openLlama3b()), "q4_0")).toContain("100 elements");
  });
});

describe("a KV type that this model cannot have", () => {
  const surface = surfaceOf(openLlama3b());
  const small = { ...p4000, totalBytes: 2 ** 30, freeBytes: 2 ** 30, usedByOthersBytes: 0 };
  const settings = planSettings({ N_CTX: 2048 });

  it("is slower on CUDA with different types for K and V, which the plan says and its speed shows", () => {
    const plans = (["q8_0", "q8_0/q4_0"] as const).map(KV_CACHE_QUANT =>
      planLayers(mistralSurface, p4000, planSettings({ KV_CACHE_QUANT, N_CTX: 8192 })),
    );
    expect(plans.map(({ warnings }) => warnings.map(({ code }) => code))).toEqual([[], ["kv-type-slow"]]);
    const [one, mixed] = plans.map(plan =>
      decodeSeconds(mistralSurface, p4000, { contextTokens: 8192, kvType: plan.kvType })({ gpuLayers: 33 }),
    );
    expect(mixed).toBeGreaterThan(2 * (one ?? 0));
  });

  it("is no plan that fits, but a sentence", () => {
    const quantized = { ...settings, KV_CACHE_QUANT: "q8_0" } as const;
    const plan = planLayers(surface, p4000, quantized);
    expect(planSentence(surface, p4000, quantized, plan)).toContain("cannot have a q8_0 KV cache");
    expect(plan.warnings.map(({ code }) => code)).toContain("kv-type-refused");
  });

  it("is offered by no preset, no counterfactual and no curve", () => {
    const plan = planLayers(surface, small, settings);
    expect(plan.kind).not.toBe("full");
    const offered = [
      ...planPresets(surface, small, settings).map(({ patch }) => patch.KV_CACHE_QUANT),
      ...counterfactuals(surface, small, settings, plan).map(({ patch }) => patch?.KV_CACHE_QUANT ?? "f16"),
    ];
    expect(new Set(offered)).toEqual(new Set(["f16"]));
    expect(contextImpact(surface, small, settings).kvTypes).toEqual(["f16"]);
    expect(contextImpact(mistralSurface, p4000, planSettings()).kvTypes).toEqual(["f16", "q8_0", "q4_0"]);
  });
});
