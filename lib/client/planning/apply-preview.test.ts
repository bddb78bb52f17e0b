import { describe, expect, it } from "vitest";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import { mistralSurface, p4000 } from "@/lib/plan/testing/surface-fixtures";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { applyPreview, type PastLoad } from "./apply-preview";

/** Loaded as visual.md's table says for 32,768 tokens: 21 of 33 layers at f16. */
const saved: Settings = { ...defaultSettings, N_CTX: 32_768 };
const loaded: LoadConfig = {
  modelPath: "/models/mistral.gguf",
  gpuLayers: 21,
  contextTokens: 32_768,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: mistralSurface.flashAttention,
  threads: 4,
  useMmap: true,
};

const load = (seconds: number, modelPath = loaded.modelPath): PastLoad => ({
  loadMs: seconds * 1000,
  config: { ...loaded, modelPath },
});

const previewOf = (patch: Partial<Settings>, receipts: readonly PastLoad[] = [], config: LoadConfig | null = loaded) =>
  applyPreview({
    loaded: config,
    saved,
    patch,
    plan: planLayers(mistralSurface, p4000, { ...saved, ...patch }),
    receipts,
  });

describe("what Apply will do", () => {
  it("other layers reload the model, in the middle time of its past loads", () => {
    const receipts = [load(9), load(4), load(3), load(60, "/models/other.gguf")];
    expect(previewOf({ KV_CACHE_QUANT: "q8_0" }, receipts)).toEqual({
      cost: "model",
      layersBefore: 21,
      layersAfter: 28,
      seconds: 4,
    });
  });

  it("a target that leads to the same layers costs nothing", () => {
    // k = 22 needs 5433.2 MiB; at 0.802 the budget is 0.802 * 8192 - 857 - 300 = 5413.0 MiB (visual.md: 5396.6 at 0.8)
    expect(previewOf({ TARGET_VRAM_USAGE: 0.802 })).toMatchObject({ cost: "nothing", layersAfter: 21, seconds: null });
  });

  it("another number of threads makes a new context; auto keeps what is loaded", () => {
    expect(previewOf({ THREADS: 2 }).cost).toBe("context");
    expect(previewOf({ THREADS: "auto" }).cost).toBe("nothing");
  });

  it("with nothing loaded it costs nothing until the next message", () => {
    expect(previewOf({ KV_CACHE_QUANT: "q8_0" }, [load(4)], null)).toEqual({
      cost: "later",
      layersBefore: null,
      layersAfter: 28,
      seconds: null,
    });
  });
});
