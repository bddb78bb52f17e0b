import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { MIB } from "@/lib/units/bytes";
import { memoryNeed } from "../memory/memory-need";
import { mistralSurface, p4000 } from "../testing/surface-fixtures";
import { stepDown } from "./step-down";

const config: LoadConfig = {
  modelPath: "m.gguf",
  gpuLayers: 21,
  contextTokens: 32_768,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  threads: 2,
  useMmap: true,
};

describe("stepping down after running out of memory", () => {
  // One of these layers is 117.03 MiB of weights and 128 MiB of KV cache: 245.03 MiB.
  it.each([
    [0, 20],
    [245, 20],
    [246, 19],
    [1000, 16],
  ])("with %i MiB missing goes from 21 to %i layers", (missingMib, gpuLayers) => {
    expect(stepDown(mistralSurface, config, missingMib * MIB, null)).toEqual({ ...config, gpuLayers });
  });

  it("also fits what is free now, when another program took memory", () => {
    // 1,300 MiB less 300 of overhead: output 102.6, compute 185, two layers of 245
    const grabbed = { ...p4000, usedByOthersBytes: 6892 * MIB, freeBytes: 1300 * MIB };
    expect(stepDown(mistralSurface, config, 1, grabbed)?.gpuLayers).toBe(3);
  });

  it("ends on the CPU, and there is nothing below", () => {
    const full = { ...p4000, usedByOthersBytes: 8192 * MIB, freeBytes: 0 };
    const last = stepDown(mistralSurface, config, 1, full);
    expect(last?.gpuLayers).toBe(0);
    expect(last === null ? "none" : stepDown(mistralSurface, last, 1, full)).toBeNull();
  });

  it("never tries the same again, and always needs less by what was missing", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 33 }),
        fc.integer({ min: 0, max: 8192 * MIB }),
        (gpuLayers, deficitBytes) => {
          const failed = { ...config, gpuLayers };
          const lower = stepDown(mistralSurface, failed, deficitBytes, null);
          expect(lower?.gpuLayers ?? -1).toBeLessThan(gpuLayers);
          if (lower !== null && lower.gpuLayers > 0)
            expect(memoryNeed(mistralSurface, lower).gpu.totalBytes).toBeLessThanOrEqual(
              memoryNeed(mistralSurface, failed).gpu.totalBytes - Math.max(1, deficitBytes),
            );
        },
      ),
    );
  });
});
