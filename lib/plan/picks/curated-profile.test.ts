import { describe, expect, it } from "vitest";
import { MIB } from "@/lib/units/bytes";
import { headerSurface } from "../memory/header-surface";
import { memoryNeed } from "../memory/memory-need";
import { curatedModels } from "./curated-models";
import { curatedProfile } from "./curated-profile";

const run = { batchTokens: 512, sequences: 1, flashAttention: "auto" } as const;

function surfaceOf(name: string) {
  const model = curatedModels.find(one => one.name === name);
  const file = model?.files[0];
  if (model === undefined || file === undefined) throw new Error(`${name} is not in the list`);
  return headerSurface(curatedProfile(model, file), run);
}

const gpuNeed = (name: string, contextTokens: number) => {
  const surface = surfaceOf(name);
  return memoryNeed(surface, { gpuLayers: surface.model.blocks + 1, contextTokens, kvType: "f16" }).gpu;
};

describe("a curated model without its header", () => {
  it.each([
    // 32 layers * 8 heads * 128 * 2 * 2 bytes
    ["Llama 3.1 8B Instruct", 32_768, 4096],
    // Head size of its own: 36 layers * 8 heads * 128 * 2 * 2 bytes
    ["Qwen3 8B", 4096, 576],
    // 8 full layers * 64 MiB; 40 of 1,792 cells (1,024 + 1 + 512 padded) * 8 heads * 256 * 2 * 2 bytes = 14 MiB
    ["Gemma 3 12B it", 8192, 1072],
    // 12 full layers * 16 MiB; 12 of 768 cells * 2,048 bytes = 1.5 MiB
    ["gpt-oss 20B", 8192, 210],
  ])("%s has at %i tokens a KV cache of exactly %d MiB", (name, contextTokens, mib) => {
    expect(gpuNeed(name, contextTokens).kvBytes / MIB).toBe(mib);
  });

  it("has on the card what llama.cpp prints for its CUDA buffer, within 2 %", () => {
    // llama.cpp's log of Meta-Llama-3.1-8B-Instruct-Q4_K_M, all layers: CUDA0 model buffer size = 4403.49 MiB
    expect(gpuNeed("Llama 3.1 8B Instruct", 4096).weightsBytes / MIB / 4403.49).toBeCloseTo(1, 1.7);
  });

  it.each(curatedModels.map(model => [model.name, model] as const))("%s is made of parts that add up", (_, model) => {
    for (const file of model.files) {
      const profile = curatedProfile(model, file);
      const [embedding] = profile.embedding;
      const [output] = profile.output;
      const blocks = profile.blocksProfile.reduce((sum, { weightsBytes }) => sum + weightsBytes, 0);
      const all = blocks + (embedding?.bytes ?? 0) + (model.tied ? 0 : (output?.bytes ?? 0));
      expect(Math.abs(all / profile.fileBytes - 1)).toBeLessThan(0.001);
      // 2.5 to 9 bits a weight: a size typed wrong by a factor would fall out. Embedding tables are read in whole.
      const bits = (profile.fileBytes * 8) / profile.parameters;
      expect(bits).toBeGreaterThan(2.5);
      expect(bits).toBeLessThan(9);
    }
  });
});
