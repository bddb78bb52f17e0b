import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { headerSurface } from "@/lib/plan/header-surface";
import { type MemoryPoint, memoryNeed } from "@/lib/plan/memory-need";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { CancelledError, JobError } from "./job-error";
import { type SamplingOptions, sampleSurface } from "./sample-surface";
import type { SurfaceOracle } from "./surface-oracle";

function estimated(id: string): MemorySurface {
  const { header, fileBytes } = shapeFile(modelShape(id));
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error("The whole header was given.");
  return headerSurface(parsed.profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });
}

interface Fake {
  /** MiB of compute on the GPU; 10 in RAM always. */
  computeMib?(at: MemoryPoint): number;
  /** Added to every dry run's weights on the GPU. */
  extraWeightsBytes?: number;
  /** Times the closed form's KV cache. */
  kvFactor?: number;
  impossible?(at: MemoryPoint): boolean;
  gpu?: boolean;
}

/** Answers like llama.cpp would for a model that the closed forms describe, with what the fake changes. */
function oracle(surface: MemorySurface, fake: Fake = {}) {
  const asked: MemoryPoint[] = [];
  const answering: SurfaceOracle = {
    gpu: fake.gpu ?? true,
    weights: async gpuLayers => ({
      gpuBytes: (surface.gpuWeightsBytes[gpuLayers] ?? 0) + (fake.extraWeightsBytes ?? 0),
      ramBytes: surface.ramWeightsBytes[gpuLayers] ?? 0,
    }),
    context: async (at, batchTokens = surface.batchTokens) => {
      asked.push(at);
      if (fake.impossible?.(at)) throw new JobError("ENGINE_FAILED", "quantized V cache requires flash_attn");
      const { gpu, ram } = memoryNeed({ ...surface, batchTokens }, at);
      const share = batchTokens / surface.batchTokens;
      const factor = fake.kvFactor ?? 1;
      return {
        gpuBytes: gpu.kvBytes * factor + share * (fake.computeMib?.(at) ?? 100) * MIB,
        ramBytes: ram.kvBytes * factor + share * 10 * MIB,
      };
    },
  };
  return { ...answering, asked };
}

const options = (change: Partial<SamplingOptions> = {}): SamplingOptions => ({
  budgetMs: 500,
  exactAt: [],
  largestTensorBytes: Number.POSITIVE_INFINITY,
  onProgress: () => {},
  checkIn: async () => {},
  ...change,
});

const MISTRAL = "mistral-7b-v0.1";

describe("sampleSurface", () => {
  it("is exact wherever the compute buffer is a line between its corners", async () => {
    const surface = estimated(MISTRAL);
    const computeMib = ({ gpuLayers, contextTokens }: MemoryPoint) =>
      (gpuLayers === 33 ? 100 : 120) + Math.ceil(contextTokens / 256) / 4;
    const sampled = await sampleSurface(oracle(surface, { computeMib }), surface, options());
    expect(sampled).toMatchObject({ computeSource: "dry-run", weightsSource: "closed-form", kvSource: "closed-form" });
    for (const at of [
      { gpuLayers: 33, contextTokens: 4096, kvType: "f16" },
      { gpuLayers: 17, contextTokens: 7000, kvType: "q8_0" },
      { gpuLayers: 1, contextTokens: 60_000, kvType: "q4_0" },
    ] as const)
      expect(memoryNeed(sampled, at).gpu.computeBytes).toBeCloseTo(computeMib(at) * MIB, -2);
  });

  it("asks few times for a model of like blocks", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface);
    await sampleSurface(fake, surface, options({ budgetMs: 60_000 }));
    expect(fake.asked.length).toBeLessThan(120);
  });

  it("takes every number of layers from the dry run where the weights differ", async () => {
    const surface = estimated(MISTRAL);
    const sampled = await sampleSurface(oracle(surface, { extraWeightsBytes: 4096 }), surface, options());
    expect(sampled.weightsSource).toBe("dry-run");
    expect(sampled.gpuWeightsBytes).toEqual(surface.gpuWeightsBytes.map(bytes => bytes + 4096));
  });

  it("gives up the closed form of the cache where it is wrong, and keeps the totals right", async () => {
    const surface = estimated(MISTRAL);
    const sampled = await sampleSurface(oracle(surface, { kvFactor: 1.5 }), surface, options());
    expect(sampled.kvSource).toBe("dry-run");
    const at = { gpuLayers: 20, contextTokens: 4096, kvType: "f16" } as const;
    // 19 blocks of 4096 cells of 2 x 1024 elements of 2 bytes: 304 MiB in closed form, half as much again in fact; 100 MiB of compute.
    expect(memoryNeed(sampled, at).gpu.kvBytes).toBe(0);
    expect(memoryNeed(sampled, at).gpu.computeBytes).toBe((304 * 1.5 + 100) * MIB);
  });

  it("leaves KV types alone that cannot be", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface, { impossible: ({ kvType }) => kvType !== "f16" });
    const sampled = await sampleSurface(fake, surface, options());
    expect(sampled.compute.q8_0).toEqual(surface.compute.q8_0);
    expect(sampled.compute.f16).not.toEqual(surface.compute.f16);
  });

  it("asks for no context that would need too large a tensor", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface);
    await sampleSurface(fake, surface, options({ largestTensorBytes: 128 * MIB }));
    // 1024 elements a cell: of f16, 65,536 cells make 128 MiB.
    const longest = Math.max(...fake.asked.filter(({ kvType }) => kvType === "f16").map(at => at.contextTokens));
    expect(longest).toBe(65_536);
  });

  it("is exact at the contexts it was told", async () => {
    const surface = estimated(MISTRAL);
    const computeMib = ({ contextTokens }: MemoryPoint) => (contextTokens === 5120 ? 321 : 100);
    const sampled = await sampleSurface(
      oracle(surface, { computeMib }),
      surface,
      options({ budgetMs: 0, exactAt: [5000] }),
    );
    const at = { gpuLayers: 20, contextTokens: 5000, kvType: "q4_0" } as const;
    expect(memoryNeed(sampled, at).gpu.computeBytes).toBe(321 * MIB);
  });

  it("becomes exact at another context for every number of layers, and keeps what it knew", async () => {
    const surface = estimated(MISTRAL);
    // A tooth at one context, and at one number of layers only.
    const computeMib = ({ gpuLayers, contextTokens }: MemoryPoint) =>
      gpuLayers === 14 && contextTokens === 9728 ? 222 : 100;
    const fake = oracle(surface, { computeMib });
    const first = await sampleSurface(fake, surface, options());
    const second = await sampleSurface(fake, first, options({ exactAt: [9600] }));
    for (const kvType of ["f16", "q8_0", "q4_0"] as const) {
      const computeAt = (gpuLayers: number, contextTokens: number) =>
        memoryNeed(second, { gpuLayers, contextTokens, kvType }).gpu.computeBytes / MIB;
      expect(computeAt(14, 9600)).toBe(222);
      expect(computeAt(13, 9600)).toBe(100);
      expect(computeAt(14, 4096)).toBe(100);
    }
  });

  it("finds the jumps of a sawtooth in a second look, and says that nothing is left", async () => {
    const surface = estimated(MISTRAL);
    // Straight pieces of different slope with jumps between them, as llama.cpp's allocator makes them, and a piece of their own for all layers.
    const computeMib = ({ gpuLayers, contextTokens }: MemoryPoint) => {
      const steps = Math.ceil(contextTokens / 256);
      if (gpuLayers === 33) return 50 + steps / 4;
      return steps < 11 ? 130 + steps / 2 : steps < 27 ? 180 + steps / 4 : 40 + steps * 1.75;
    };
    const fake = oracle(surface, { computeMib });
    const first = await sampleSurface(fake, surface, options({ budgetMs: 0 }));
    const second = await sampleSurface(fake, first, options({ budgetMs: 60_000 }));
    expect([first.detail, second.detail]).toEqual(["fine", "complete"]);
    for (const kvType of ["f16", "q8_0", "q4_0"] as const)
      for (const gpuLayers of [1, 2, 17, 32, 33])
        for (let contextTokens = 256; contextTokens <= 32_768; contextTokens += 256) {
          const at = { gpuLayers, contextTokens, kvType };
          expect(memoryNeed(second, at).gpu.computeBytes, JSON.stringify(at)).toBeCloseTo(computeMib(at) * MIB, -1);
        }
  });

  it("finds a tooth of one step at one number of layers, and keeps no more of the lines beside it than it takes", async () => {
    const surface = estimated(MISTRAL);
    const computeMib = ({ gpuLayers, contextTokens, kvType }: MemoryPoint) =>
      gpuLayers === 14 && contextTokens === 11_520 && kvType === "q8_0" ? 150 : 100 + contextTokens / 256;
    const fake = oracle(surface, { computeMib });
    let sampled = surface;
    for (let pass = 0; pass < 4 && sampled.detail !== "complete"; pass++)
      sampled = await sampleSurface(fake, sampled, options({ budgetMs: 60_000 }));
    expect(sampled).toMatchObject({ detail: "complete", walkedTokens: 32_768 });
    for (const kvType of ["f16", "q8_0", "q4_0"] as const)
      for (const gpuLayers of [1, 13, 14, 15, 33])
        for (const contextTokens of [256, 11_264, 11_520, 11_776, 16_384]) {
          const at = { gpuLayers, contextTokens, kvType };
          expect(memoryNeed(sampled, at).gpu.computeBytes, JSON.stringify(at)).toBeCloseTo(computeMib(at) * MIB, -1);
        }
    const walked = sampled.compute.q8_0.map(
      ({ points }) => points.filter(point => point.contextTokens <= 16_384).length,
    );
    expect(Math.max(...walked)).toBeLessThanOrEqual(6);
    expect(sampled.compute.q8_0.filter(({ gpuLayers }) => gpuLayers > 0).map(({ gpuLayers }) => gpuLayers)).toEqual([
      1, 13, 14, 15, 33,
    ]);
  });

  it("tells numbers of layers apart in a second look that were taken for like", async () => {
    const surface = estimated(MISTRAL);
    // No time to look at each number of layers at first; ten of them need more than the others.
    const computeMib = ({ gpuLayers, contextTokens }: MemoryPoint) =>
      (gpuLayers >= 10 && gpuLayers < 20 ? 160 : 100) + Math.ceil(contextTokens / 256) / 2;
    const fake = oracle(surface, { computeMib });
    let sampled = await sampleSurface(fake, surface, options({ budgetMs: 0 }));
    for (let pass = 0; pass < 4 && sampled.detail === "fine"; pass++)
      sampled = await sampleSurface(fake, sampled, options({ budgetMs: 60_000 }));
    expect(sampled.detail).toBe("complete");
    for (const kvType of ["f16", "q8_0", "q4_0"] as const)
      for (let gpuLayers = 1; gpuLayers <= 33; gpuLayers++)
        for (const contextTokens of [512, 3000, 16_384]) {
          const at = { gpuLayers, contextTokens, kvType };
          expect(memoryNeed(sampled, at).gpu.computeBytes, JSON.stringify(at)).toBeCloseTo(computeMib(at) * MIB, -1);
        }
  });

  it("asks only for the CPU's column where there is no GPU, and stays estimated", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface, { gpu: false });
    const sampled = await sampleSurface(fake, surface, options());
    expect(fake.asked.every(({ gpuLayers }) => gpuLayers === 0)).toBe(true);
    expect(sampled.computeSource).toBe("estimated");
    expect(memoryNeed(sampled, { gpuLayers: 0, contextTokens: 4096, kvType: "f16" }).ram.computeBytes).toBe(10 * MIB);
    expect(sampled.compute.f16.filter(({ gpuLayers }) => gpuLayers > 0)).toEqual(
      surface.compute.f16.filter(({ gpuLayers }) => gpuLayers > 0),
    );
  });

  it("ends when it is cancelled", async () => {
    const surface = estimated(MISTRAL);
    let left = 20;
    const checkIn = async () => {
      if (left-- === 0) throw new CancelledError();
    };
    await expect(sampleSurface(oracle(surface), surface, options({ checkIn }))).rejects.toThrow(CancelledError);
  });
});
