import { describe, expect, it } from "vitest";
import { planLayers } from "@/lib/plan/plan-layers";
import { mistralSurface, p4000 } from "@/lib/plan/testing/surface-fixtures";
import { defaultSettings, type Settings } from "@/lib/schema/settings";
import { applyDifference } from "./apply-difference";

const planOf = (patch: Partial<Settings>) =>
  planLayers(mistralSurface, p4000, { ...defaultSettings, N_CTX: 32_768, ...patch });

describe("what will be different after Apply", () => {
  it("names layers and memory before and after", () => {
    // visual.md: 21 layers need 5188.2 MiB at f16; 300 MiB of overhead come on top: 5488.2 MiB = 5.36 GiB.
    const figures = applyDifference({ engine: null, saved: planOf({}), draft: planOf({ KV_CACHE_QUANT: "q8_0" }) });
    expect(figures[0]).toEqual({ name: "Layers on the GPU", before: "21", after: "28" });
    expect(figures[1]).toMatchObject({ name: "GPU memory", before: "5.36 GiB" });
    expect(figures[2]?.name).toBe("System memory");
  });

  it("leaves out what stays as it is", () => {
    expect(applyDifference({ engine: null, saved: planOf({}), draft: planOf({}) })).toEqual([]);
  });

  it("starts from what is loaded, where that is not what is saved", () => {
    const held = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 2 ** 30 };
    const config = {
      modelPath: "/models/mistral.gguf",
      gpuLayers: 7,
      contextTokens: 32_768,
      batchTokens: 512,
      sequences: 1,
      kvType: "f16",
      flashAttention: "auto",
      threads: 4,
      useMmap: true,
    } as const;
    const figures = applyDifference({ engine: { config, held }, saved: planOf({}), draft: planOf({}) });
    expect(figures).toMatchObject([
      { name: "Layers on the GPU", before: "7", after: "21" },
      { name: "GPU memory", before: "1.00 GiB" },
    ]);
  });
});
