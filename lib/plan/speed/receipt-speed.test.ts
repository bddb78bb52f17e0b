import { describe, expect, it } from "vitest";
import type { GenerationStats } from "@/lib/schema/generation";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import { mistralSurface } from "../testing/surface-fixtures";
import { middleOf, predictSpeed } from "./predict-speed";
import { evidenceOf, plannedSpeed, predictedRate, withAnswer } from "./receipt-speed";

const machine: MachineSpeed = { ramBytesPerSecond: 30e9, threads: 8, decode: [], prefill: [] };
const config: LoadConfig = {
  modelPath: "/models/mistral.gguf",
  gpuLayers: 0,
  contextTokens: 4096,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  threads: 8,
  useMmap: true,
};
const loaded = { config, speed: plannedSpeed(mistralSurface, null, config, machine) };
const answer = (change: Partial<GenerationStats>): GenerationStats => ({
  promptTokens: 20,
  cachedTokens: 0,
  generatedTokens: 100,
  timeToFirstTokenMs: 100,
  tokensPerSecond: 5,
  prefillTokensPerSecond: 90,
  totalMs: 1000,
  ...change,
});

describe("the speed on a receipt", () => {
  it("takes the first answer long enough to be timed, and a prompt long enough", () => {
    expect(withAnswer(loaded, answer({ generatedTokens: 15 }))).toBeNull();
    expect(withAnswer(loaded, answer({}))?.speed).toMatchObject({
      decode: { tokensPerSecond: 5, contextTokens: 70 },
      prefill: null,
    });
    const long = withAnswer(loaded, answer({ promptTokens: 900, cachedTokens: 100 }));
    // 800 tokens are read, the first after 100 and the last after 900.
    expect(long?.speed.prefill).toEqual({ tokensPerSecond: 90, contextTokens: 500 });
  });

  it("keeps the fastest answer, because other programs only ever make one slower", () => {
    const first = withAnswer(loaded, answer({}));
    if (first === null) throw new Error("The answer was not taken.");
    expect(withAnswer(first, answer({ tokensPerSecond: 4 }))).toBeNull();
    expect(withAnswer(first, answer({ tokensPerSecond: 6 }))?.speed.decode?.tokensPerSecond).toBe(6);
  });

  it("is compared with what was predicted for the same place in the context", () => {
    const shown = predictSpeed(mistralSurface, null, config, machine);
    const halfway = withAnswer(loaded, answer({ promptTokens: 2000, cachedTokens: 1990, generatedTokens: 96 }));
    const rate = halfway && predictedRate(halfway, "decode");
    // 2,048 tokens lie halfway in time between (nearly) none and 4,096: about the harmonic mean.
    const between = 2 / (1 / middleOf(shown.decodeEmpty) + 1 / middleOf(shown.decodeFull));
    expect(rate).toBeGreaterThan(between * 0.98);
    expect(rate).toBeLessThan(between * 1.04);
    expect(predictedRate(loaded, "prefill")).toBe(middleOf(shown.prefill));
    expect(predictedRate({ config }, "decode")).toBeNull();
  });

  it("is evidence once it was measured", () => {
    expect(evidenceOf(loaded, "decode")).toBeNull();
    const first = withAnswer(loaded, answer({ tokensPerSecond: 3.3 }));
    const evidence = first && evidenceOf(first, "decode");
    // Mistral 7B on the CPU at 30 GB/s: about 6.9 tokens/s expected, so about half.
    expect(evidence?.ratio).toBeGreaterThan(0.44);
    expect(evidence?.ratio).toBeLessThan(0.52);
  });
});
