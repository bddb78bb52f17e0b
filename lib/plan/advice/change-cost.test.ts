import { describe, expect, it } from "vitest";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { loadConfigOf } from "../placement/load-config-of";
import { planLayers } from "../placement/plan-layers";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { changeCost } from "./change-cost";

const configFor = (changes: Parameters<typeof planSettings>[0]): LoadConfig =>
  loadConfigOf(planLayers(mistralSurface, p4000, planSettings(changes)), {
    modelPath: "mistral.gguf",
    threads: 4,
    useMmap: true,
  });

const loaded = configFor({ N_CTX: 32_768 });

describe("the configuration of a plan", () => {
  it("is explicit in every part", () => {
    expect(loaded).toEqual({
      modelPath: "mistral.gguf",
      gpuLayers: 21,
      contextTokens: 32_768,
      batchTokens: 512,
      sequences: 1,
      kvType: "f16",
      flashAttention: "auto",
      threads: 4,
      useMmap: true,
    });
  });
});

describe("what a change costs", () => {
  it.each([
    [
      "nothing, for a target that leads to the same layers",
      "nothing",
      configFor({ N_CTX: 32_768, TARGET_VRAM_USAGE: 0.79 }),
    ],
    [
      "a context, for a draft model beside it",
      "context",
      { ...configFor({ N_CTX: 32_768 }), draft: { modelPath: "draft.gguf", gpuLayers: 31 } },
    ],
    ["a context, for a context size that leads to the same layers", "context", configFor({ N_CTX: 33_024 })],
    [
      "the model, for a KV type that leads to more layers",
      "model",
      configFor({ N_CTX: 32_768, KV_CACHE_QUANT: "q8_0" }),
    ],
    ["a context, for other threads", "context", { ...loaded, threads: 2 }],
    ["the model, for another file", "model", { ...loaded, modelPath: "other.gguf" }],
    ["the model, without memory mapping", "model", { ...loaded, useMmap: false }],
  ] as const)("is %s", (_, cost, next) => {
    expect(changeCost(loaded, next)).toBe(cost);
  });

  it("is the model when nothing is loaded", () => {
    expect(changeCost(null, loaded)).toBe("model");
  });
});

it("compares lists and what they hold, not which list it is", () => {
  const shared = (): LoadConfig => ({ ...loaded, tensorSplit: [12, 9] });
  expect(changeCost(shared(), shared())).toBe("nothing");
  expect(changeCost(shared(), { ...loaded, tensorSplit: [11, 10] })).toBe("model");
});
