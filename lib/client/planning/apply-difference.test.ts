import { describe, expect, it } from "vitest";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import { mistralSurface, p4000 } from "@/lib/plan/testing/surface-fixtures";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { applyDifference } from "./apply-difference";
import type { PastSpeed } from "./past-speed";

const receipts: readonly PastSpeed[] = [];

const planOf = (patch: Partial<Settings>) =>
  planLayers(mistralSurface, p4000, { ...defaultSettings, N_CTX: 32_768, ...patch });

const loadedWith = (gpuLayers: number): LoadConfig => ({
  modelPath: "/models/mistral.gguf",
  gpuLayers,
  contextTokens: 32_768,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  threads: 4,
  useMmap: true,
});

describe("what will be different after Apply", () => {
  it("names layers and memory before and after", () => {
    // visual.md: 21 layers need 5188.2 MiB at f16; 300 MiB of overhead come on top: 5488.2 MiB = 5.36 GiB.
    // KV: 32 layers of 2 * 1024 elements of 2 bytes for each of 32,768 tokens: 4 GiB; q8_0 stores 34 bytes for 32 elements.
    const draft = planOf({ KV_CACHE_QUANT: "q8_0" });
    const figures = applyDifference({ engine: null, saved: planOf({}), draft, receipts });
    expect(figures[0]).toEqual({ name: "Layers on the GPU", before: "21", after: "28" });
    expect(figures[1]).toEqual({ name: "KV cache", before: "4.00 GiB", after: "2.13 GiB" });
    expect(figures[2]).toMatchObject({ name: "GPU memory", before: "5.36 GiB" });
    expect(figures[3]?.name).toBe("System memory");
    expect(figures).toHaveLength(4);
  });

  it("leaves out what stays as it is", () => {
    expect(applyDifference({ engine: null, saved: planOf({}), draft: planOf({}), receipts })).toEqual([]);
  });

  it("starts from what is loaded, where that is not what is saved", () => {
    const held = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 2 ** 30 };
    const config = loadedWith(7);
    const figures = applyDifference({ engine: { config, held }, saved: planOf({}), draft: planOf({}), receipts });
    expect(figures).toMatchObject([
      { name: "Layers on the GPU", before: "7", after: "21" },
      { name: "GPU memory", before: "1.00 GiB" },
    ]);
  });

  it("says how much slower fewer layers are, where past loads tell", () => {
    // 33 layers: 25 ms a token; 23 layers: 50 ms; 21 layers by the same 2.5 ms each: 55 ms, 18.2 tokens/s.
    const past = [
      { config: loadedWith(33), tokensPerSecond: 40 },
      { config: loadedWith(23), tokensPerSecond: 20 },
    ];
    const engine = { config: loadedWith(33), held: null };
    const figures = applyDifference({ engine, saved: planOf({ N_CTX: 4096 }), draft: planOf({}), receipts: past });
    expect(figures.at(-1)).toEqual({ name: "Speed", before: "40 tokens/s", after: "about 18 tokens/s" });
    expect(figures.map(({ name }) => name)).toContain("KV cache");
    const unknown = applyDifference({ engine, saved: planOf({ N_CTX: 4096 }), draft: planOf({}), receipts });
    expect(unknown.map(({ name }) => name)).not.toContain("Speed");
  });
});
