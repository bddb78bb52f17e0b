import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MachineSpeed } from "@/lib/schema/plan-speed";
import { GIB } from "@/lib/units/bytes";
import { cardBytesPerSecond } from "./card-bandwidth";
import { formatSpeed, middleOf, predictSpeed } from "./predict-speed";
import { surfaceArbitrary } from "./testing/surface-arbitrary";
import { mistralSurface, p4000 } from "./testing/surface-fixtures";

const machine: MachineSpeed = { ramBytesPerSecond: 28.5e9, gpuCorrection: null, cpuCorrection: null };
const rtx4060: GpuMemory = { ...p4000, name: "NVIDIA GeForce RTX 4060", source: "nvidia-smi", totalBytes: 8 * GIB };
const plan = (gpuLayers: number, contextTokens = 4096) => ({ gpuLayers, contextTokens, kvType: "f16" as const });

describe("predicted speed", () => {
  // Mistral 7B Q4_K_M on the CPU: 32 blocks of 122.7 MB and 107.5 MB of output = 4.03 GB. 4.03 / 28.5 = 142 ms, so about 7 tokens/s.
  it("is memory bandwidth divided by weights where the context is nearly empty", () => {
    const speed = predictSpeed(mistralSurface, null, plan(0), { ...machine, cpuCorrection: 1 });
    expect(middleOf(speed?.decodeEmpty ?? { low: 0, high: 0, measured: false })).toBeCloseTo(6.9, 0);
    expect(speed?.decodeEmpty.measured).toBe(true);
  });

  // 272 GB/s on the data sheet, 75 % of it reached: 204 GB/s. 4.03 GB take 19.8 ms: about 50 tokens/s.
  it("is the card's bandwidth divided by weights where all layers are on it", () => {
    const { decodeEmpty } = predictSpeed(mistralSurface, rtx4060, plan(33), machine) ?? {};
    expect(decodeEmpty?.measured).toBe(false);
    expect(decodeEmpty?.low).toBeLessThan(49);
    expect(decodeEmpty?.high).toBeGreaterThan(49);
  });

  it("is not known on a card in no table before a load was measured", () => {
    const odd = { ...rtx4060, name: "Some Card 9" };
    expect(predictSpeed(mistralSurface, odd, plan(33), machine)).toBeNull();
    expect(predictSpeed(mistralSurface, odd, plan(33), { ...machine, gpuCorrection: 0.5 })).not.toBeNull();
    expect(predictSpeed(mistralSurface, odd, plan(0), machine)).not.toBeNull();
  });

  it("of an assumed card takes no correction that was measured on another", () => {
    const assumed = { ...rtx4060, source: "assumed" as const };
    const corrected = { ...machine, gpuCorrection: 0.1 };
    expect(predictSpeed(mistralSurface, assumed, plan(33), corrected)).toEqual(
      predictSpeed(mistralSurface, assumed, plan(33), machine),
    );
  });

  // Phi-2's shape in the measured figures: 32 heads of 80 took 126 ms for 184 M elements, where heads of 64 would take 29.
  it("is lower for a head size off the fast path", () => {
    const withHeads = (attentionHeads: number) => ({
      ...mistralSurface,
      layers: mistralSurface.layers.map(layer => ({ ...layer, attentionWidth: 2560, attentionHeads })),
    });
    const at = (heads: number) => predictSpeed(withHeads(heads), null, plan(0, 3000), machine)?.decodeFull.high ?? 0;
    expect(at(32)).toBeLessThan(at(40) * 0.8);
  });

  it("never falls with one more layer on a faster card, and never rises with the context", () => {
    fc.assert(
      fc.property(surfaceArbitrary, fc.nat(), fc.integer({ min: 512, max: 65_536 }), (surface, pick, tokens) => {
        const gpuLayers = 1 + (pick % surface.model.blocks);
        const speedAt = (layers: number, context: number) =>
          predictSpeed(surface, rtx4060, plan(layers, context), machine)?.decodeFull.low ?? 0;
        // A layer of a few bytes gains nothing; the kernel's cost is then the larger part.
        expect(speedAt(gpuLayers + 1, tokens)).toBeGreaterThanOrEqual(speedAt(gpuLayers, tokens) * 0.999);
        expect(speedAt(gpuLayers, tokens * 2)).toBeLessThanOrEqual(speedAt(gpuLayers, tokens));
      }),
    );
  });
});

describe("a card's bandwidth", () => {
  it.each([
    ["NVIDIA GeForce RTX 4090", 1008],
    ["NVIDIA GeForce RTX 4090 Laptop GPU", 576],
    ["NVIDIA GeForce RTX 4070 Ti SUPER", 672],
    ["AMD Radeon RX 7900 XTX (RADV NAVI31)", 960],
    ["NVIDIA H100 PCIe", 2039],
  ])("of %s is known by its name", (name, gigabytes) => {
    expect(cardBytesPerSecond(name)).toBe(gigabytes * 1e9 * 0.75);
  });

  it("of a card in no table is not known", () => {
    expect(cardBytesPerSecond("llvmpipe (LLVM 15.0.6, 256 bits)")).toBeNull();
  });
});

describe("the words for a speed", () => {
  it.each([
    [{ low: 38.2, high: 46.4, measured: false }, "38 to 46 tokens/s"],
    [{ low: 4.21, high: 6.1, measured: false }, "4.2 to 6.1 tokens/s"],
    [{ low: 40, high: 44, measured: true }, "about 42 tokens/s"],
  ])("%j: %s", (range, words) => expect(formatSpeed(range)).toBe(words));
});
