import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import { GIB } from "@/lib/units/bytes";
import { surfaceArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface, p4000 } from "../testing/surface-fixtures";
import { middleOf, predictSpeed } from "./predict-speed";
import { decodeParts, secondsOf } from "./speed-parts";

const machine: MachineSpeed = { ramBytesPerSecond: 28.5e9, threads: 8, decode: [], prefill: [] };
const rtx4060: GpuMemory = { ...p4000, name: "NVIDIA GeForce RTX 4060", source: "nvidia-smi", totalBytes: 8 * GIB };
const plan = (gpuLayers: number, contextTokens = 4096) => ({ gpuLayers, contextTokens, kvType: "f16" as const });

/** The computer after one load of Mistral 7B that was so much faster than the sum of its parts. */
const loadedOnce = (ratio: number, gpu: GpuMemory | null, gpuLayers: number): MachineSpeed => {
  const walk = { surface: mistralSurface, gpu, plan: plan(gpuLayers), machine, tokens: 256 };
  return { ...machine, decode: [{ parts: decodeParts(walk), ratio }] };
};

const width = ({ low, high }: { readonly low: number; readonly high: number }): number => high / low;

describe("predicted decode speed", () => {
  // Mistral 7B Q4_K_M on the CPU: 32 blocks of 122.7 MB and 107.5 MB of output = 4.03 GB. 4.03 / 28.5 = 142 ms. Attention over 256 tokens:
  // 32 x 4,096 x 256 elements of 0.22 ns shared by 8 threads = 0.9 ms, and 34 MB of cache 1.2 ms. 32 blocks of 0.08 ms = 2.6; the token 1.8.
  // 148 ms: 6.75 tokens/s.
  it("is memory bandwidth divided by weights where the context is nearly empty", () => {
    expect(middleOf(predictSpeed(mistralSurface, null, plan(0), machine).decodeEmpty)).toBeCloseTo(6.75, 1);
  });

  // 272 GB/s on the data sheet, 75 % of it reached: 204 GB/s. 4.03 GB take 19.8 ms, with blocks and token 22: 46 tokens/s.
  it("is the card's bandwidth divided by weights where all layers are on it", () => {
    const { decodeEmpty, basis } = predictSpeed(mistralSurface, rtx4060, plan(33), machine);
    expect(basis).toBe("known");
    expect(middleOf(decodeEmpty)).toBeCloseTo(46, -0.5);
    expect(decodeEmpty.low).toBeLessThan(36);
    expect(decodeEmpty.high).toBeGreaterThan(58);
  });

  it("of a card in no table is a guess from its memory, with a wider range", () => {
    const odd = { ...rtx4060, name: "Some Card 9" };
    const guess = predictSpeed(mistralSurface, odd, plan(33), machine);
    const known = predictSpeed(mistralSurface, rtx4060, plan(33), machine);
    expect(guess.basis).toBe("guessed");
    expect(width(guess.decodeEmpty)).toBeGreaterThan(width(known.decodeEmpty) * 1.5);
    // 8 GiB: cards of this size have 128 to 448 GB/s.
    expect(guess.decodeEmpty.low).toBeLessThan((128e9 * 0.75) / 4.03e9 + 5);
    expect(guess.decodeEmpty.high).toBeGreaterThan((448e9 * 0.75) / 4.03e9 - 10);
    expect(predictSpeed(mistralSurface, odd, plan(0), machine).basis).toBe("known");
  });

  it("follows one load of the same model closely, and the range narrows", () => {
    const before = predictSpeed(mistralSurface, rtx4060, plan(33), machine);
    const after = predictSpeed(mistralSurface, rtx4060, plan(33), loadedOnce(0.7, rtx4060, 33));
    expect(middleOf(after.decodeEmpty) / middleOf(before.decodeEmpty)).toBeCloseTo(0.7, 1);
    expect(after.basis).toBe("measured");
    expect(width(after.decodeEmpty)).toBeLessThan(1.25);
    expect(width(before.decodeEmpty)).toBeGreaterThan(1.6);
  });

  it("follows a load of another kind of model less than one of its own kind", () => {
    const learned = loadedOnce(0.7, null, 0);
    const named = (quantization: string, experts: number) => ({
      ...mistralSurface,
      model: { ...mistralSurface.model, name: "other", quantization },
      layers: mistralSurface.layers.map(layer => ({ ...layer, experts })),
    });
    const fall = (surface: typeof mistralSurface) =>
      middleOf(predictSpeed(surface, null, plan(0), learned).decodeEmpty) /
      middleOf(predictSpeed(surface, null, plan(0), machine).decodeEmpty);
    const [own, kind, other] = [fall(mistralSurface), fall(named("Q5_K_M", 0)), fall(named("Q8_0", 8))];
    expect(own).toBeLessThan(kind);
    expect(kind).toBeLessThan(other);
    expect(other).toBeLessThan(0.9);
  });

  it("is not changed by a load on another card", () => {
    const other = { ...rtx4060, name: "NVIDIA GeForce RTX 3060" };
    const { decodeEmpty } = predictSpeed(mistralSurface, rtx4060, plan(33), loadedOnce(0.5, other, 33));
    const before = predictSpeed(mistralSurface, rtx4060, plan(33), machine).decodeEmpty;
    // The token's own time on the CPU is part of both.
    expect(middleOf(decodeEmpty) / middleOf(before)).toBeGreaterThan(0.95);
  });

  // Measured on 2 threads: 51 ms more at 1,950 tokens with 32 heads of 80 in 12 blocks, where heads of 64 as wide took 8.
  it("is lower for a head size off the fast path", () => {
    const withHeads = (attentionHeads: number) => ({
      ...mistralSurface,
      layers: mistralSurface.layers.map(layer => ({ ...layer, attentionWidth: 2560, attentionHeads })),
    });
    const at = (heads: number) =>
      middleOf(predictSpeed(withHeads(heads), null, plan(0, 3000), { ...machine, threads: 2 }).decodeFull);
    expect(at(32)).toBeLessThan(at(40) * 0.8);
  });

  // 14.5 GFLOP a token on the 4.8 bits of Q4_K_M's 4.03 GB, less its output: 250 against 85 GFLOPS a thread.
  it("of prompts is about three times higher on a processor with AVX-512 than on one with AVX2", () => {
    const prefillOn = (vectors: "avx512" | "avx2") =>
      middleOf(predictSpeed(mistralSurface, null, plan(0), { ...machine, vectors }).prefill);
    expect(prefillOn("avx512") / prefillOn("avx2")).toBeGreaterThan(2.5);
    expect(prefillOn("avx512") / prefillOn("avx2")).toBeLessThan(3);
  });

  // 32 x 2,048 x 32,768 elements: 236 ms on 2 threads, 59 on 8, beside 299 for weights, cache and the rest: 1.49 times as fast. One thread
  // computes a head: 16 heads have no use for 32 threads.
  it("rises with the threads as far as there are heads", () => {
    const heads = (attentionHeads: number) => ({
      ...mistralSurface,
      layers: mistralSurface.layers.map(layer => ({ ...layer, attentionHeads, attentionWidth: attentionHeads * 128 })),
    });
    const full = (threads: number) =>
      middleOf(predictSpeed(heads(16), null, plan(0, 32_768), { ...machine, threads }).decodeFull);
    expect(full(8)).toBeGreaterThan(full(2) * 1.4);
    expect(full(32)).toBe(full(16));
  });

  it("never falls with one more layer on a faster card, and never rises with the context", () => {
    fc.assert(
      fc.property(surfaceArbitrary, fc.nat(), fc.integer({ min: 512, max: 65_536 }), (surface, pick, tokens) => {
        const gpuLayers = 1 + (pick % surface.model.blocks);
        const secondsAt = (layers: number, context: number) =>
          secondsOf(decodeParts({ surface, gpu: rtx4060, plan: plan(layers, context), machine, tokens: context }));
        expect(secondsAt(gpuLayers + 1, tokens)).toBeLessThanOrEqual(secondsAt(gpuLayers, tokens) * 1.001);
        expect(secondsAt(gpuLayers, tokens * 2)).toBeGreaterThanOrEqual(secondsAt(gpuLayers, tokens));
      }),
    );
  });
});

describe("predicted prefill speed", () => {
  // 3.93 GB of blocks at 4.8 bits are 6.5 G weights: 13.1 GFLOP a token. 30 TFLOPS x 0.8 = 24: 0.55 ms, so about 1,800 tokens/s.
  it("is the card's arithmetic divided by two operations for each weight", () => {
    expect(middleOf(predictSpeed(mistralSurface, rtx4060, plan(33), machine).prefill)).toBeCloseTo(1800, -2.5);
  });

  // 12 blocks of 122.7 MB over the link for each 512 tokens: 0.24 ms a token. On 8 threads they would take 6.
  it("sends the layers in RAM to the card where that is faster", () => {
    const partly = predictSpeed(mistralSurface, rtx4060, plan(21), machine);
    const onCpu = predictSpeed(mistralSurface, null, plan(0), machine);
    expect(middleOf(partly.prefill)).toBeGreaterThan(middleOf(onCpu.prefill) * 4);
  });

  it("is much lower on the processor, and a wide range before a load", () => {
    const { prefill } = predictSpeed(mistralSurface, null, plan(0), machine);
    expect(prefill.high).toBeLessThan(300);
    expect(width(prefill)).toBeGreaterThan(3);
  });
});
