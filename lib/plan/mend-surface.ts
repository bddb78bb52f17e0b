import type { Buffers, LoadConfig } from "@/lib/schema/load-config";
import type { ComputeColumn, ComputePoint, ConfirmedPoint, MemorySurface } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { computeBytes, memoryNeed } from "./memory-need";

export interface MendedSurface {
  readonly surface: MemorySurface;
  /** How far the surface was from the dry run, on the GPU and in RAM together. */
  readonly mismatchBytes: number;
}

const cellsOf = (contextTokens: number): number => padUp(contextTokens, CONTEXT_PAD_TOKENS);

const byContext = (a: ComputePoint, b: ComputePoint): number => a.contextTokens - b.contextTokens;

/** The column with this point in place of what was known at its context. */
function withPoint(column: ComputeColumn, point: ComputePoint): ComputeColumn {
  const others = column.points.filter(known => cellsOf(known.contextTokens) !== cellsOf(point.contextTokens));
  return { gpuLayers: column.gpuLayers, points: [...others, point].sort(byContext) };
}

/** A column for layers that were not sampled: what the surface says there, at every context its neighbours know. */
function interpolatedColumn(surface: MemorySurface, { gpuLayers, kvType }: LoadConfig): ComputeColumn {
  const columns = surface.compute[kvType];
  const below = columns.findLast(column => column.gpuLayers < gpuLayers);
  const above = columns.find(column => column.gpuLayers > gpuLayers);
  const contexts = new Set([...(below?.points ?? []), ...(above?.points ?? [])].map(point => point.contextTokens));
  const points = [...contexts].map(contextTokens => ({
    contextTokens,
    gpuBytes: computeBytes(surface, { gpuLayers, contextTokens, kvType }, "gpuBytes"),
    ramBytes: computeBytes(surface, { gpuLayers, contextTokens, kvType }, "ramBytes"),
  }));
  return { gpuLayers, points: points.sort(byContext) };
}

function mendColumns(surface: MemorySurface, config: LoadConfig, point: ComputePoint): ComputeColumn[] {
  const columns = surface.compute[config.kvType];
  const known = columns.find(column => column.gpuLayers === config.gpuLayers);
  const mended = withPoint(known ?? interpolatedColumn(surface, config), point);
  return [...columns.filter(column => column !== known), mended].sort((a, b) => a.gpuLayers - b.gpuLayers);
}

/** More than a user tries with one model; the oldest are forgotten. */
const CONFIRMED_POINTS = 64;

function withConfirmed(surface: MemorySurface, { gpuLayers, contextTokens, kvType }: LoadConfig): ConfirmedPoint[] {
  const others = (surface.confirmed ?? []).filter(
    point =>
      point.gpuLayers !== gpuLayers ||
      point.kvType !== kvType ||
      cellsOf(point.contextTokens) !== cellsOf(contextTokens),
  );
  return [...others, { gpuLayers, contextTokens: cellsOf(contextTokens), kvType }].slice(-CONFIRMED_POINTS);
}

/**
 * The surface with one confirmed dry run put in: exact at that configuration, unchanged away from it. What the context takes beyond
 * the KV cache is compute. Keep the surface also where nothing was off: it knows now that this point is confirmed. A difference in the weights moves all totals on its side of k, so that no layer's share turns negative.
 */
export function mendSurface(surface: MemorySurface, config: LoadConfig, buffers: Buffers): MendedSurface {
  const { gpu, ram } = memoryNeed(surface, config);
  const gpuWeightsError = buffers.gpuWeightsBytes - gpu.weightsBytes;
  const ramWeightsError = buffers.ramWeightsBytes - ram.weightsBytes;
  const mismatchBytes =
    Math.abs(buffers.gpuWeightsBytes + buffers.gpuContextBytes - gpu.totalBytes) +
    Math.abs(buffers.ramWeightsBytes + buffers.ramContextBytes - ram.totalBytes);
  const confirmed = withConfirmed(surface, config);
  if (mismatchBytes === 0) return { surface: { ...surface, confirmed }, mismatchBytes };
  const point: ComputePoint = {
    contextTokens: cellsOf(config.contextTokens),
    gpuBytes: Math.max(0, buffers.gpuContextBytes - gpu.kvBytes),
    ramBytes: Math.max(0, buffers.ramContextBytes - ram.kvBytes),
  };
  const exactWeights = gpuWeightsError === 0 && ramWeightsError === 0;
  const shift = (bytes: number, error: number, applies: boolean) => (applies ? Math.max(0, bytes + error) : bytes);
  return {
    mismatchBytes,
    surface: {
      ...surface,
      confirmed,
      weightsSource: exactWeights ? surface.weightsSource : "dry-run",
      gpuWeightsBytes: surface.gpuWeightsBytes.map((bytes, k) => shift(bytes, gpuWeightsError, k >= config.gpuLayers)),
      ramWeightsBytes: surface.ramWeightsBytes.map((bytes, k) => shift(bytes, ramWeightsError, k <= config.gpuLayers)),
      compute: { ...surface.compute, [config.kvType]: mendColumns(surface, config, point) },
    },
  };
}
