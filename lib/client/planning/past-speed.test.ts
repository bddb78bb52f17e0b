import { describe, expect, it } from "vitest";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { type PastSpeed, pastSpeed } from "./past-speed";

const MODEL = "/models/mistral.gguf";

const load = (gpuLayers: number, tokensPerSecond: number | null, modelPath = MODEL): PastSpeed => ({
  tokensPerSecond,
  config: { modelPath, gpuLayers } as LoadConfig,
});

describe("how fast so many layers on the GPU are", () => {
  it("is the middle of what was measured with as many", () => {
    const speeds = [load(33, 40), load(33, 10), load(33, 44), load(21, 20)];
    expect(pastSpeed(speeds, MODEL, 33)).toEqual({ tokensPerSecond: 40, isMeasured: true });
  });

  it("lies on a line of times a token between two others", () => {
    // 33 layers: 25 ms a token; 23 layers: 50 ms: 2.5 ms for each layer fewer. 29 layers: 35 ms, 28.57 tokens/s.
    const speed = pastSpeed([load(33, 40), load(23, 20)], MODEL, 29);
    expect(speed?.isMeasured).toBe(false);
    expect(speed?.tokensPerSecond).toBeCloseTo(28.571, 3);
  });

  it("is not known from one number of layers, other models or loads that were never timed", () => {
    expect(pastSpeed([load(33, 40)], MODEL, 29)).toBeNull();
    expect(pastSpeed([load(33, 40, "/other.gguf"), load(23, 20)], MODEL, 29)).toBeNull();
    expect(pastSpeed([load(33, null), load(23, 20)], MODEL, 33)).toBeNull();
  });

  it("is not known where the line leads to no time at all", () => {
    // 10 layers: 100 ms; 20 layers: 10 ms: 9 ms a layer, nothing left at 22.
    expect(pastSpeed([load(10, 10), load(20, 100)], MODEL, 22)).toBeNull();
  });
});
