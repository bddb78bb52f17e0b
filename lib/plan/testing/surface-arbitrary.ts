import fc from "fast-check";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { type KvType, kvTypes, ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { ComputeColumn, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { mistralSurface, p4000 } from "./surface-fixtures";

/** Random surfaces and cards for properties. Nothing about compute is smooth: it may fall with the context, with k and with the KV type. */

const bytesUpTo = (mib: number) => fc.integer({ min: 0, max: mib * MIB });

const attentionKv = fc.record({
  growth: fc.constantFrom("full" as const, "window" as const),
  windowTokens: fc.integer({ min: 128, max: 8192 }),
  kElementsPerCell: fc.integer({ min: 1, max: 64 }).map(groups => groups * 32),
  vElementsPerCell: fc.integer({ min: 0, max: 64 }).map(groups => groups * 32),
  fixedBytes: fc.constant(0),
});
const recurrentKv = fc.record({
  growth: fc.constant("none" as const),
  windowTokens: fc.constant(0),
  kElementsPerCell: fc.constant(0),
  vElementsPerCell: fc.constant(0),
  fixedBytes: bytesUpTo(4),
});

const blocksArbitrary = fc
  .array(
    fc.record({ weightsBytes: bytesUpTo(200), kv: fc.oneof({ weight: 4, arbitrary: attentionKv }, recurrentKv) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map(blocks =>
    blocks.map<LayerMemory>((block, index) => ({
      ...block,
      activeBytes: block.weightsBytes,
      expertBytes: 0,
      attentionWidth: block.kv.growth === "none" ? 0 : 4096,
      attentionHeads: block.kv.growth === "none" ? 0 : 32,
      index,
      role: "block",
      kind: block.kv.growth === "window" ? "sliding-window" : block.kv.growth === "none" ? "recurrent" : "attention",
      experts: 0,
    })),
  );

/** Unpadded, unevenly spaced contexts. */
const pointsArbitrary = fc
  .uniqueArray(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 6 })
  .chain(contexts =>
    fc.tuple(...contexts.map(() => fc.record({ gpuBytes: bytesUpTo(300), ramBytes: bytesUpTo(300) }))).map(buffers =>
      contexts
        .toSorted((a, b) => a - b)
        .map((contextTokens, index) => ({
          contextTokens,
          gpuBytes: buffers[index]?.gpuBytes ?? 0,
          ramBytes: buffers[index]?.ramBytes ?? 0,
        })),
    ),
  );

const columnsArbitrary = (blocks: number): fc.Arbitrary<ComputeColumn[]> =>
  fc
    .uniqueArray(fc.integer({ min: 0, max: blocks + 1 }), { minLength: 1, maxLength: 6 })
    .chain(layers =>
      fc
        .tuple(...layers.map(() => pointsArbitrary))
        .map(columns =>
          layers.toSorted((a, b) => a - b).map((gpuLayers, index) => ({ gpuLayers, points: columns[index] ?? [] })),
        ),
    );

export const surfaceArbitrary: fc.Arbitrary<MemorySurface> = blocksArbitrary.chain(blocks =>
  fc
    .record({
      outputBytes: bytesUpTo(400),
      embeddingBytes: bytesUpTo(400),
      batchTokens: fc.constantFrom(32, 512, 2048),
      sequences: fc.constantFrom(1, 1, 1, 4),
      compute: fc.record(ofEachElementType(() => columnsArbitrary(blocks.length))),
    })
    .map(({ outputBytes, embeddingBytes, batchTokens, sequences, compute }): MemorySurface => {
      const output: LayerMemory = {
        index: blocks.length,
        role: "output",
        kind: "output",
        experts: 0,
        weightsBytes: outputBytes,
        activeBytes: outputBytes,
        expertBytes: 0,
        attentionWidth: 0,
        attentionHeads: 0,
        kv: { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 },
      };
      const layers = [...blocks, output];
      const gpuWeightsBytes = [0];
      for (const layer of layers.toReversed()) gpuWeightsBytes.push((gpuWeightsBytes.at(-1) ?? 0) + layer.weightsBytes);
      const allBytes = gpuWeightsBytes.at(-1) ?? 0;
      return {
        ...mistralSurface,
        model: { ...mistralSurface.model, blocks: blocks.length },
        batchTokens,
        sequences,
        embeddingWeightsBytes: embeddingBytes,
        layers,
        gpuWeightsBytes,
        ramWeightsBytes: gpuWeightsBytes.map(gpuBytes => embeddingBytes + allBytes - gpuBytes),
        compute,
      };
    }),
);

/** A surface whose need always grows with the context and shrinks with the KV type. llama.cpp's does so except for a few MiB. */
export const orderlySurfaceArbitrary: fc.Arbitrary<MemorySurface> = surfaceArbitrary.map(surface => {
  const rising = (columns: readonly ComputeColumn[]): ComputeColumn[] =>
    columns.map(({ gpuLayers, points }) => {
      const byBytes = points.map(point => point.gpuBytes).sort((a, b) => a - b);
      return { gpuLayers, points: points.map((point, index) => ({ ...point, gpuBytes: byBytes[index] ?? 0 })) };
    });
  const columns = rising(surface.compute.f16);
  return { ...surface, compute: ofEachElementType(() => columns) };
});

export const gpuArbitrary: fc.Arbitrary<GpuMemory> = fc
  .record({
    totalMib: fc.integer({ min: 0, max: 24_576 }),
    othersShare: fc.double({ min: 0, max: 1, noNaN: true }),
    heldShare: fc.double({ min: 0, max: 1, noNaN: true }),
    overheadBytes: bytesUpTo(600),
  })
  .map(({ totalMib, othersShare, heldShare, overheadBytes }) => {
    const totalBytes = totalMib * MIB;
    const usedByOthersBytes = Math.floor(totalBytes * othersShare);
    const heldByEngineBytes = Math.floor((totalBytes - usedByOthersBytes) * heldShare);
    return {
      ...p4000,
      totalBytes,
      usedByOthersBytes,
      heldByEngineBytes,
      freeBytes: totalBytes - usedByOthersBytes - heldByEngineBytes,
      overhead: { ...p4000.overhead, bytes: overheadBytes },
    };
  });

export const kvTypeArbitrary: fc.Arbitrary<KvType> = fc.constantFrom(...kvTypes);
export const contextArbitrary: fc.Arbitrary<number> = fc.integer({ min: 1, max: 150_000 });
export const targetArbitrary: fc.Arbitrary<number> = fc.double({ min: 0, max: 1, noNaN: true });
