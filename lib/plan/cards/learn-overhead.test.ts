import { describe, expect, it } from "vitest";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { MIB } from "@/lib/units/bytes";
import { learnOverhead } from "./learn-overhead";

const device = { device: "Quadro P4000", driverVersion: "535.0", backend: "cuda" as const };
const parts = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 0 };

const receipt = (measuredMib: number | null, changes: Partial<Receipt> = {}): Receipt => ({
  id: "r",
  atMs: 0,
  modelName: "m.gguf",
  ...device,
  config: {
    modelPath: "m.gguf",
    gpuLayers: 10,
    contextTokens: 4096,
    batchTokens: 512,
    sequences: 1,
    kvType: "f16",
    flashAttention: "auto",
    threads: 2,
    useMmap: true,
  },
  totalLayers: 33,
  requestedGpuLayers: 10,
  lowered: null,
  predicted: parts,
  actual: parts,
  buffers: { gpuWeightsBytes: 0, gpuContextBytes: 0, ramWeightsBytes: 0, ramContextBytes: 0 },
  split: { gpuKvBytes: null, gpuComputeBytes: null, ramKvBytes: null, ramComputeBytes: null },
  deviceUsedBeforeBytes: null,
  deviceUsedAfterBytes: null,
  measuredOverheadBytes: measuredMib === null ? null : measuredMib * MIB,
  loadMs: 1000,
  tokensPerSecond: null,
  ...changes,
});

const learnedMib = (receipts: readonly Receipt[]) => learnOverhead(receipts, device).bytes / MIB;

describe("the learned overhead", () => {
  it("starts at 460 MiB on CUDA, the most that others measured", () => {
    expect(learnOverhead([], device)).toEqual({ bytes: 460 * MIB, source: "cautious", samples: 0, spreadBytes: 0 });
    expect(learnOverhead([receipt(null)], device).source).toBe("cautious");
  });

  it("halves the distance to what was measured with every load", () => {
    // 300 + 160 / 2, 300 + 160 / 4, 300 + 160 / 16
    expect(learnedMib([receipt(300)])).toBe(380);
    expect(learnedMib([receipt(300), receipt(300)])).toBe(340);
    expect(learnedMib(Array.from({ length: 4 }, () => receipt(300)))).toBe(310);
  });

  it("takes the largest of a few samples, and shows their spread", () => {
    const learned = learnOverhead([receipt(280), receipt(500), receipt(300)], device);
    expect(learned).toEqual({ bytes: 500 * MIB, source: "learned", samples: 3, spreadBytes: 220 * MIB });
  });

  it("lets one outlier in forty pass", () => {
    const usual = Array.from({ length: 39 }, () => receipt(300));
    expect(learnedMib([...usual, receipt(900)])).toBeCloseTo(300, 3);
  });

  it("learns from this device, driver and backend only, and not from loads without GPU layers", () => {
    const config = { ...receipt(0).config, gpuLayers: 0 };
    const others = [
      receipt(900, { device: "another" }),
      receipt(900, { driverVersion: "550.0" }),
      receipt(900, { backend: "vulkan" }),
      receipt(900, { config }),
    ];
    expect(learnOverhead(others, device).samples).toBe(0);
  });

  it("forgets all but the newest 50 loads", () => {
    const old = Array.from({ length: 60 }, () => receipt(900, { atMs: 1 }));
    const recent = Array.from({ length: 50 }, () => receipt(300, { atMs: 2 }));
    const learned = learnOverhead([...old, ...recent], device);
    expect([learned.samples, Math.round(learned.bytes / MIB)]).toEqual([50, 300]);
  });
});
