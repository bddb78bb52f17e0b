import { describe, expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { type MemoryPoint, memoryNeed, type Placement } from "@/lib/plan/memory/memory-need";
import { expertMatrices } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { CancelledError, JobError } from "../job-error";
import { fillSurface, type SurfaceOptions } from "./fill-surface";
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
  placesExperts?: boolean;
  cards?: number;
  /** Experts that stay on the GPU although they should be in RAM. */
  stuckExpertBytes?: number;
  /** What each expert tensor has on the GPU beside its bytes. */
  paddingBytes?: number;
  /** Larger expert tensors are in RAM wherever their layer is. */
  largestExpertBytes?: number;
}

/** Answers like llama.cpp would for a model that the closed forms describe, with what the fake changes. */
function oracle(surface: MemorySurface, fake: Fake = {}) {
  const asked: MemoryPoint[] = [];
  const expertTensors = surface.layers.flatMap(({ index: block, expertMatrixBytes = {} }) =>
    expertMatrices.flatMap(matrix => {
      const bytes = expertMatrixBytes[matrix];
      return bytes === undefined ? [] : [{ block, matrix, bytes }];
    }),
  );
  /** Of the blocks on the GPU whose experts are with them. */
  const heldBytes = ({ gpuLayers, expertBlocksInRam = 0 }: Placement) =>
    expertTensors
      .filter(({ block }) => block >= Math.max(surface.model.blocks + 1 - gpuLayers, expertBlocksInRam))
      .filter(({ bytes }) => bytes > (fake.largestExpertBytes ?? Number.POSITIVE_INFINITY))
      .reduce((sum, { bytes }) => sum + bytes, 0);
  const padding = ({ gpuLayers, expertBlocksInRam = 0 }: Placement) =>
    (fake.paddingBytes ?? 0) *
    expertTensors.filter(({ block }) => block >= Math.max(surface.model.blocks + 1 - gpuLayers, expertBlocksInRam))
      .length;
  const answering: SurfaceOracle = {
    gpu: fake.gpu ?? true,
    expertTensors: () => expertTensors,
    placesExperts: fake.placesExperts ?? false,
    cards: fake.cards ?? 0,
    cardComputes: async ({ tensorSplit = [] }) =>
      tensorSplit.map((_, index) => (index === 0 ? 20 : index === tensorSplit.length - 1 ? 60 : 10) * MIB),
    weights: async placement => {
      const { gpu, ram } = memoryNeed(surface, { ...placement, contextTokens: 256, kvType: "f16" });
      const stuckBytes = placement.expertBlocksInRam === undefined ? 0 : (fake.stuckExpertBytes ?? 0);
      return {
        gpuBytes:
          gpu.weightsBytes + (fake.extraWeightsBytes ?? 0) + padding(placement) + stuckBytes - heldBytes(placement),
        ramBytes: ram.weightsBytes - stuckBytes + heldBytes(placement),
      };
    },
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

const options = (change: Partial<SurfaceOptions> = {}): SurfaceOptions => ({
  budgetMs: 500,
  largestTensorBytes: Number.POSITIVE_INFINITY,
  onProgress: () => {},
  checkIn: async () => {},
  ...change,
});

const MISTRAL = "mistral-7b-v0.1";

describe("fillSurface", () => {
  it("is exact wherever the compute buffer is a line between its corners", async () => {
    const surface = estimated(MISTRAL);
    const computeMib = ({ gpuLayers, contextTokens }: MemoryPoint) =>
      (gpuLayers === 33 ? 100 : 120) + Math.ceil(contextTokens / 256) / 4;
    const filled = await fillSurface(oracle(surface, { computeMib }), surface, options());
    expect(filled).toMatchObject({ computeSource: "dry-run", weightsSource: "closed-form", kvSource: "closed-form" });
    for (const at of [
      { gpuLayers: 33, contextTokens: 4096, kvType: "f16" },
      { gpuLayers: 17, contextTokens: 7000, kvType: "q8_0" },
      { gpuLayers: 1, contextTokens: 60_000, kvType: "q4_0" },
    ] as const)
      expect(memoryNeed(filled, at).gpu.computeBytes).toBeCloseTo(computeMib(at) * MIB, -2);
  });

  it("looks for a step of the buffer before it makes dry runs between equal figures", async () => {
    const surface = estimated("small-llama-2");
    const fake = oracle(surface, { computeMib: ({ contextTokens }) => (contextTokens <= 5120 ? 120 : 100) });
    await fillSurface(fake, surface, options({ budgetMs: 60_000 }));
    const asked = fake.asked
      .filter(({ gpuLayers, kvType }) => gpuLayers === 9 && kvType === "f16")
      .map(({ contextTokens }) => contextTokens);
    // 4,096 and 6,144 differ, then 5,120 and 6,144; 6,144 and 8,192 are the same.
    const inOrder = asked.filter(contextTokens => [5120, 5632, 7168].includes(contextTokens));
    expect(inOrder).toEqual([5120, 5632, 7168]);
  });

  it("takes every number of layers from the dry run where the weights differ", async () => {
    const surface = estimated(MISTRAL);
    const filled = await fillSurface(oracle(surface, { extraWeightsBytes: 4096 }), surface, options());
    expect(filled.weightsSource).toBe("dry-run");
    expect(filled.gpuWeightsBytes).toEqual(surface.gpuWeightsBytes.map(bytes => bytes + 4096));
  });

  it("gives up the closed form of the cache where it is wrong, and keeps the totals right", async () => {
    const surface = estimated(MISTRAL);
    const filled = await fillSurface(oracle(surface, { kvFactor: 1.5 }), surface, options());
    expect(filled.kvSource).toBe("dry-run");
    const at = { gpuLayers: 20, contextTokens: 4096, kvType: "f16" } as const;
    // 19 blocks of 4096 cells of 2 x 1024 elements of 2 bytes: 304 MiB in closed form, in fact one and a half times that; 100 MiB of compute.
    expect(memoryNeed(filled, at).gpu.kvBytes).toBe(0);
    expect(memoryNeed(filled, at).gpu.computeBytes).toBe((304 * 1.5 + 100) * MIB);
  });

  it("leaves KV types alone that cannot be", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface, { impossible: ({ kvType }) => kvType !== "f16" });
    const filled = await fillSurface(fake, surface, options());
    expect(filled.compute.q8_0).toEqual(surface.compute.q8_0);
    expect(filled.compute.f16).not.toEqual(surface.compute.f16);
  });

  it("fills the table of a quantized K without flash attention, where V can only be f16", async () => {
    const surface: MemorySurface = { ...estimated(MISTRAL), flashAttention: "off" };
    const fake = oracle(surface, { computeMib: ({ kvType }) => (kvType === "f16" ? 100 : 150) });
    const filled = await fillSurface(fake, surface, options());
    expect(new Set(fake.asked.map(({ kvType }) => kvType))).toEqual(new Set(["f16", "q8_0/f16", "q4_0/f16"]));
    const at = { gpuLayers: 33, contextTokens: 4096, kvType: "q8_0/f16" } as const;
    expect(memoryNeed(filled, at).gpu.computeBytes).toBe(150 * MIB);
  });

  it("takes no dry run more for mixed types, and refuses those with a V that it saw refused", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface, { impossible: ({ kvType }) => kvType === "q4_0" });
    const filled = await fillSurface(fake, surface, options());
    expect(fake.asked.every(({ kvType }) => ["f16", "q8_0", "q4_0"].includes(kvType))).toBe(true);
    expect(filled.refusedKvTypes?.map(({ kvType }) => kvType)).toEqual(["q4_0", "f16/q4_0", "q8_0/q4_0"]);
  });

  it("asks for no context that would need too large a tensor", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface);
    await fillSurface(fake, surface, options({ largestTensorBytes: 128 * MIB }));
    // 1024 elements a cell: of f16, 65,536 cells make 128 MiB.
    const longest = Math.max(...fake.asked.filter(({ kvType }) => kvType === "f16").map(at => at.contextTokens));
    expect(longest).toBe(65_536);
  });

  it("takes what is used most first: all layers, one and half of them, at three contexts of each KV type", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface);
    await fillSurface(fake, surface, options({ budgetMs: 0 }));
    // The earlier check of the cache uses other contexts. Later passes depend on the time left.
    const compute = fake.asked.filter(({ contextTokens }) => [256, 131_072].includes(contextTokens)).slice(0, 18);
    expect(new Set(compute.map(({ gpuLayers }) => gpuLayers))).toEqual(new Set([33, 1, 17]));
    for (const kvType of ["f16", "q8_0", "q4_0"] as const)
      for (const gpuLayers of [33, 1, 17])
        expect(compute.filter(at => at.kvType === kvType && at.gpuLayers === gpuLayers)).toHaveLength(2);
  });

  it("finds a knee of the buffer between powers of two to within a quarter of a doubling", async () => {
    const surface = estimated(MISTRAL);
    // 100 MiB up to 12,288 tokens, then 4 MiB for each 256.
    const computeMib = ({ contextTokens }: MemoryPoint) => 100 + Math.max(0, (contextTokens - 12_288) / 256) * 4;
    const filled = await fillSurface(oracle(surface, { computeMib }), surface, options({ budgetMs: 60_000 }));
    const mibAt = (contextTokens: number) =>
      memoryNeed(filled, { gpuLayers: 20, contextTokens, kvType: "f16" }).gpu.computeBytes / MIB;
    expect([8192, 11_000, 12_288, 14_336, 16_384].map(mibAt)).toEqual([100, 100, 100, 132, 164]);
    // 13,056 is half-way between two samples of a straight piece.
    expect(mibAt(13_056)).toBe(112);
  });

  it("asks only for the CPU's column where there is no GPU, and stays estimated", async () => {
    const surface = estimated(MISTRAL);
    const fake = oracle(surface, { gpu: false });
    const filled = await fillSurface(fake, surface, options());
    expect(fake.asked.every(({ gpuLayers }) => gpuLayers === 0)).toBe(true);
    expect(filled.computeSource).toBe("estimated");
    // 32,000 logits of 4 bytes beside the buffer.
    expect(memoryNeed(filled, { gpuLayers: 0, contextTokens: 4096, kvType: "f16" }).ram.computeBytes).toBe(
      10 * MIB + 128_000,
    );
    expect(filled.compute.f16.filter(({ gpuLayers }) => gpuLayers > 0)).toEqual(
      surface.compute.f16.filter(({ gpuLayers }) => gpuLayers > 0),
    );
  });

  it("fills a second table with all experts in RAM where the engine can place them", async () => {
    const surface = estimated("qwen3-30b-a3b");
    const computeMib = ({ expertBlocksInRam = 0 }: MemoryPoint) => (expertBlocksInRam > 0 ? 300 : 100);
    const filled = await fillSurface(oracle(surface, { computeMib, placesExperts: true }), surface, options());
    const mibAt = (expertBlocksInRam: number) =>
      memoryNeed(filled, { gpuLayers: 49, expertBlocksInRam, contextTokens: 4096, kvType: "f16" }).gpu.computeBytes /
      MIB;
    expect([0, 1, 30, 48].map(mibAt)).toEqual([100, 300, 300, 300]);
  });

  it("leaves experts with their layers where a dry run does not move them", async () => {
    const surface = estimated("qwen3-30b-a3b");
    const fake = oracle(surface, { placesExperts: true, stuckExpertBytes: MIB });
    const filled = await fillSurface(fake, surface, options());
    expect(surface.computeExpertsInRam).toBeDefined();
    expect(filled.computeExpertsInRam).toBeUndefined();
    expect(fake.asked.every(({ expertBlocksInRam }) => expertBlocksInRam === undefined)).toBe(true);
  });

  it("places experts where each of their tensors has some padding on the card", async () => {
    const surface = estimated("qwen3-30b-a3b");
    // CUDA fills rows of 768 elements up to 1,024: 256 more of Q4_K are 144 bytes, in an allocation of 256.
    const fake = oracle(surface, { placesExperts: true, paddingBytes: 256 });
    const filled = await fillSurface(fake, surface, options());
    expect(filled.computeExpertsInRam).toBeDefined();
    expect(filled.gpuWeightsBytes[49]).toBe((surface.gpuWeightsBytes[49] ?? 0) + 48 * 3 * 256);
  });

  it("places the experts that the device can hold where it cannot hold the largest", async () => {
    const surface = estimated("deepseek-v2-lite");
    // 64 experts of 2,048 x 1,408: up and gate in Q4_K, 144 bytes for 256 weights; down in Q8_0, 34 for 32. The first block is dense.
    const weights = 64 * 2048 * 1408;
    const fake = oracle(surface, { placesExperts: true, largestExpertBytes: (weights * 144) / 256 });
    const filled = await fillSurface(fake, surface, options());
    expect(filled.computeExpertsInRam).toBeDefined();
    const [dense, first] = filled.layers;
    expect([dense?.expertBytes, dense?.expertBytesAlwaysInRam]).toEqual([0, undefined]);
    expect([first?.expertBytes, first?.expertBytesAlwaysInRam]).toEqual([
      (2 * weights * 144) / 256,
      (weights * 34) / 32,
    ]);
    for (const placement of [
      { gpuLayers: 28 },
      { gpuLayers: 28, expertBlocksInRam: 20 },
      { gpuLayers: 12, expertBlocksInRam: 27 },
    ]) {
      const { gpu } = memoryNeed(filled, { ...placement, contextTokens: 256, kvType: "f16" });
      expect(gpu.weightsBytes).toBe((await fake.weights(placement)).gpuBytes);
    }
  });

  it("ends when it is cancelled", async () => {
    const surface = estimated(MISTRAL);
    let left = 20;
    const checkIn = async () => {
      if (left-- === 0) throw new CancelledError();
    };
    await expect(fillSurface(oracle(surface), surface, options({ checkIn }))).rejects.toThrow(CancelledError);
  });
});
