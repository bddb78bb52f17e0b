import { expect, it } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { unevenShape } from "@/lib/gguf/testing/uneven-shape";
import type { GpuMemory, PooledCard } from "@/lib/schema/plans/gpu-memory";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { bytesToMib, GIB, MIB } from "@/lib/units/bytes";
import { headerSurface } from "../memory/header-surface";
import { planLayers } from "../placement/plan-layers";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { cardShares } from "./card-shares";
import type { PlannedLayer } from "./layer-plan";

const card = (change: Partial<PooledCard> = {}): PooledCard => ({
  name: "llvmpipe",
  totalBytes: 2 * GIB,
  freeBytes: 2 * GIB,
  heldByEngineBytes: 0,
  ...change,
});

/** The uneven shape with the compute buffers that llama.cpp makes on two software cards: 180 + 132 MiB, and 336 with all 17 layers. */
function unevenSurface(): MemorySurface {
  const { header, fileBytes } = shapeFile(unevenShape());
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind === "need") throw new Error("The whole header was given.");
  const surface = headerSurface(parsed.profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });
  const columns = [
    [0, 0],
    [16, 312],
    [17, 336],
  ].map(([gpuLayers = 0, mib = 0]) => ({
    gpuLayers,
    points: [{ contextTokens: 256, gpuBytes: mib * MIB, ramBytes: 12 * MIB }],
  }));
  return { ...surface, computeSource: "dry-run", compute: ofEachElementType(() => columns) };
}

const pool = (cards: PooledCard[]): GpuMemory => ({
  ...p4000,
  name: "llvmpipe, llvmpipe",
  backend: "vulkan",
  kind: "software",
  totalBytes: 4 * GIB,
  usedByOthersBytes: 0,
  freeBytes: 4 * GIB,
  // Where Vulkan starts before a load was measured.
  overhead: { bytes: 256 * MIB, source: "cautious", samples: 0, spreadBytes: 0 },
  cards,
});

const indexes = (layers: readonly PlannedLayer[]): number[] => layers.map(({ index }) => index);

it("two cards of 2 GiB, uneven blocks: 16 of 17 layers fit the sum, and card 0 would get 2,137 of its 2,048 MiB", () => {
  const plan = planLayers(unevenSurface(), pool([card(), card()]), planSettings({ N_CTX: 4096 }));
  expect(plan).toMatchObject({ gpuLayers: 16, totalLayers: 17 });
  const { message } = plan.warnings.find(({ code }) => code === "card-overflow") ?? {};
  expect(message).toContain("Card 0 (llvmpipe) could overflow by about 89 MiB");
  expect(message).toContain("blocks 1 to 8");
  expect(message).toContain("1,893 MiB + 64 MiB + 180 MiB (weights, KV cache, compute) = 2,137 MiB, and 2,048 MiB");
  expect(message).not.toContain("Card 1");
});

it("nothing is said where each card holds its part, or where there is one card", () => {
  const settings = planSettings({ N_CTX: 4096, LAYERS: 10 });
  const codes = (gpu: GpuMemory) => planLayers(unevenSurface(), gpu, settings).warnings.map(({ code }) => code);
  expect(codes(pool([card(), card()]))).not.toContain("card-overflow");
  const { cards: _, ...one } = pool([]);
  expect(codes(one)).not.toContain("card-overflow");
});

it("splits by what is free once our own part is given back: 6 and 2 GiB take 13 and 4 of 17 layers", () => {
  const surface = unevenSurface();
  const { perLayer } = planLayers(surface, pool([]), planSettings({ LAYERS: 17 }));
  const large = card({ totalBytes: 8 * GIB, freeBytes: 2 * GIB, heldByEngineBytes: 4 * GIB });
  const [first, second] = cardShares([large, card()], surface, perLayer, {
    contextTokens: 4096,
    totalBytes: 0,
    fullBytes: 0,
  });
  // Positions 0 to 12 of 17 lie below three quarters (12/17 = 0.706, 13/17 = 0.765); 16 is the output.
  expect(indexes(first?.layers ?? [])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(indexes(second?.layers ?? [])).toEqual([13, 14, 15, 16]);
});

const smolSurface: MemorySurface = {
  ...mistralSurface,
  batchTokens: 512,
  model: { ...mistralSurface.model, blocks: 30, embeddingLength: 576, vocabularySize: 49_152 },
};

// llama.cpp's log of SmolLM2 and of the uneven shape on two software cards: "Vulkan0/Vulkan1 compute buffer size".
it.each([
  ["SmolLM2, all 31 layers at 4,096 tokens", smolSurface, 31, 4096, 149.46, 149.46, [31.79, 117.67]],
  ["SmolLM2, 20 layers at 4,096 tokens", smolSurface, 20, 4096, 114.82, 149.46, [17.7, 97.12]],
  ["SmolLM2, all 31 layers at 8,192 tokens", smolSurface, 31, 8192, 181.46, 181.46, [47.79, 133.67]],
  ["SmolLM2, 20 layers at 8,192 tokens", smolSurface, 20, 8192, 118.82, 181.46, [21.7, 97.12]],
  ["uneven, 10 layers at 4,096 tokens", unevenSurface(), 10, 4096, 312, 336, [180, 132]],
])(
  "splits the compute buffers as llama.cpp does, within 16 MiB: %s",
  (_what, surface, gpuLayers, contextTokens, total, full, logged) => {
    const layers = surface.model.blocks + 1;
    const perLayer = Array.from(
      { length: layers },
      (_, index): PlannedLayer => ({
        index,
        role: index === layers - 1 ? "output" : "block",
        kind: "attention",
        experts: 0,
        device: index >= layers - gpuLayers ? "gpu" : "cpu",
        weightsBytes: 0,
        expertBytesInRam: 0,
        kvBytes: 0,
      }),
    );
    const pooled = { contextTokens, totalBytes: total * MIB, fullBytes: full * MIB };
    const shares = cardShares([card(), card()], surface, perLayer, pooled).map(({ computeBytes }) =>
      bytesToMib(computeBytes),
    );
    expect(Math.abs((shares[0] ?? 0) - (logged[0] ?? 0))).toBeLessThan(16);
    expect(Math.abs((shares[1] ?? 0) - (logged[1] ?? 0))).toBeLessThan(16);
  },
);
