import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { headsOf80, openLlama3b } from "@/lib/gguf/testing/odd-heads-shape";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { contextImpact } from "./context-impact";
import { counterfactuals } from "./counterfactuals";
import { headerSurface } from "./header-surface";
import { planLayers } from "./plan-layers";
import { planSentence } from "./plan-sentence";
import { planPresets } from "./presets";
import { mistralSurface, p4000, planSettings } from "./testing/surface-fixtures";
import { kvTypeRefusal, refusedByHeadSize, usableKvTypes } from "./usable-kv-types";

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
    expect(usableKvTypes({ flashAttention: "auto", refusedKvTypes: refusedByHeadSize([size, 128]) })).toEqual(kvTypes);
    expect(usableKvTypes({ flashAttention: "auto", refusedKvTypes: refusedByHeadSize([128, size]) })).toEqual(kvTypes);
  });

  it("without flash attention it is f16 alone, whoever says it: the surface or the draft", () => {
    expect(usableKvTypes({ flashAttention: "off" })).toEqual(["f16"]);
    expect(usableKvTypes({ flashAttention: "auto" }, "off")).toEqual(["f16"]);
    expect(kvTypeRefusal({ flashAttention: "auto" }, "q8_0", "off")).toContain("needs flash attention");
  });

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
