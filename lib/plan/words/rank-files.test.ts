import { describe, expect, it } from "vitest";
import type { FitFile } from "@/lib/schema/models/remote-models";
import { bestFile } from "./rank-files";

const NOTHING = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 0 };
const GIB = 2 ** 30;

type Row = readonly [quantization: string, gib: number, fits: FitFile["fits"], gpuLayers: number];

const fileOf = ([quantization, gib, fits, gpuLayers]: Row): FitFile => ({
  source: quantization,
  name: `m-${quantization}.gguf`,
  fileBytes: gib * GIB,
  quantization,
  role: "text",
  parts: 1,
  fits,
  plan: {
    kind: gpuLayers === 37 ? "full" : gpuLayers === 0 ? "cpu-only" : "partial",
    gpuLayers,
    totalLayers: 37,
    gpuBytes: 0,
    ramBytes: 0,
    ramNeed: { needBytes: 0, lockedBytes: 0 },
    isEstimate: true,
    speed: null,
    predicted: NOTHING,
    ram: NOTHING,
  },
  largestContextTokens: null,
  problem: null,
});

const bestOf = (...rows: readonly Row[]) => bestFile(rows.map(fileOf), 16_384);

describe("the best file for this card", () => {
  it("is the largest that fits whole, and the next one says what more would cost", () => {
    expect(bestOf(["Q3_K_M", 4, "all", 37], ["Q4_K_M", 5, "all", 37], ["Q6_K", 7, "partial", 31])).toEqual({
      source: "Q4_K_M",
      reason: "Q4_K_M: all 37 layers at 16k; Q6_K: 31 of 37 layers.",
    });
  });

  it("comes with the expected speed where it is known", () => {
    const range = (low: number, high: number) => ({ low, high });
    const file = fileOf(["Q4_K_M", 5, "all", 37]);
    const speed = {
      decodeEmpty: range(38.2, 56.1),
      decodeFull: range(20, 24),
      prefill: range(900, 1600),
      basis: "known" as const,
    };
    const fast = { ...file, plan: file.plan && { ...file.plan, speed } };
    expect(bestFile([fast], 16_384)?.reason).toBe("Q4_K_M: all 37 layers at 16k, 38 to 56 tokens/s.");
  });

  it("is not F16 where Q8_0 fits as well: it answers hardly better", () => {
    expect(bestOf(["Q4_K_M", 5, "all", 37], ["Q8_0", 9, "all", 37], ["F16", 16, "all", 37])?.source).toBe("Q8_0");
  });

  it("is the usual Q4_K_M where none fits whole, and not the tiniest", () => {
    expect(
      bestOf(
        ["IQ1_S", 3, "partial", 36],
        ["IQ4_XS", 6, "partial", 30],
        ["Q4_K_M", 7, "partial", 27],
        ["Q8_0", 13, "no", 5],
      )?.reason,
    ).toBe("Q4_K_M: 27 of 37 layers at 16k; Q8_0: more memory than there is.");
  });

  it("is found without a card", () => {
    expect(bestOf(["Q4_0", 5, "cpu", 0], ["Q8_0", 9, "cpu", 0])).toEqual({
      source: "Q4_0",
      reason: "Q4_0: on the CPU at 16k; Q8_0: on the CPU.",
    });
  });

  it("is a small one where only that can run, and none where nothing can", () => {
    expect(bestOf(["Q2_K", 4, "partial", 9], ["Q4_K_M", 7, "no", 2])?.source).toBe("Q2_K");
    expect(bestOf(["Q4_K_M", 70, "no", 0])).toBeNull();
    expect(bestFile([], 4096)).toBeNull();
  });

  it("is never a draft model", () => {
    const draft: FitFile = { ...fileOf(["Q4_K_M", 1, "all", 37]), role: "draft" };
    expect(bestFile([draft], 4096)).toBeNull();
  });
});
