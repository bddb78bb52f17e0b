import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { headerSurface } from "./header-surface";
import { memoryNeed } from "./memory-need";

const bytes = readFileSync(new URL("../../../models/SmolLM2-135M-Instruct.Q4_1.gguf", import.meta.url));

/** Dry runs of node-llama-cpp 3.22.1 on a Vulkan device: batch 512, one sequence, flash attention auto, 4,096 tokens, f16. */
const dryRuns = [
  { gpuLayers: 1, gpuWeights: 30_083_328, ramWeights: 96_574_464, gpuContext: 103_784_960 },
  { gpuLayers: 15, gpuWeights: 61_113_600, ramWeights: 65_544_192, gpuContext: 147_625_984 },
  { gpuLayers: 30, gpuWeights: 94_360_320, ramWeights: 32_297_472, gpuContext: 193_069_056 },
  { gpuLayers: 31, gpuWeights: 96_576_768, ramWeights: 30_081_024, gpuContext: 197_394_432 },
];

describe("the default model's header against llama.cpp's dry run", () => {
  const parsed = parseGguf(bytes.subarray(0, 8 * 1024 * 1024), bytes.byteLength);
  if (parsed.kind !== "profile") throw new Error("the header wants more bytes");
  const surface = headerSurface(parsed.profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });

  it.each(dryRuns)("has the same weights to the byte at $gpuLayers layers", ({ gpuLayers, gpuWeights, ramWeights }) => {
    expect(surface.gpuWeightsBytes[gpuLayers]).toBe(gpuWeights);
    expect(surface.ramWeightsBytes[gpuLayers]).toBe(ramWeights);
  });

  it("keeps all weights once in system memory without GPU layers", () => {
    expect(surface.ramWeightsBytes[0]).toBe(96_576_768);
  });

  it.each(dryRuns)(
    "estimates no less than the context really takes at $gpuLayers layers",
    ({ gpuLayers, gpuContext }) => {
      const { gpu } = memoryNeed(surface, { gpuLayers, contextTokens: 4096, kvType: "f16" });
      const contextBytes = gpu.kvBytes + gpu.computeBytes;
      expect(contextBytes).toBeGreaterThanOrEqual(gpuContext);
      expect(contextBytes).toBeLessThan(1.4 * gpuContext);
    },
  );
});
