import { memoryNeed } from "@/lib/plan/memory-need";
import type { KvType } from "@/lib/schema/kv-type";
import type { ComputeColumn, ComputePoint, MemorySurface } from "@/lib/schema/memory-surface";
import type { SampledColumn } from "./context-points";
import type { LayerRun } from "./layer-runs";

/** Numbers of GPU layers that need the same compute buffers, and these. */
export interface SharedColumn {
  readonly runs: readonly Pick<LayerRun, "first" | "last">[];
  readonly column: SampledColumn;
}
export type SharedColumns = ReadonlyMap<KvType, readonly SharedColumn[]>;

/** The number of layers that stands for all of these. */
export function middleOf(runs: SharedColumn["runs"]): number {
  const { first, last } = runs[Math.floor(runs.length / 2)] ?? { first: 0, last: 0 };
  return Math.floor((first + last) / 2);
}

const columnsOf = ({ runs, column }: SharedColumn): ComputeColumn[] =>
  runs.flatMap(({ first, last }) =>
    [...new Set([first, last])].map(gpuLayers => ({ gpuLayers, points: [...column.points] })),
  );

const byLayers = (a: ComputeColumn, b: ComputeColumn): number => a.gpuLayers - b.gpuLayers;

/** The surface with these columns in place of its own. A sampling of the GPU leaves the CPU's column alone, and the other way round. */
export function withColumns(surface: MemorySurface, columns: SharedColumns): MemorySurface {
  const compute = { ...surface.compute };
  for (const [kvType, sampled] of columns) {
    const added = sampled.flatMap(columnsOf);
    const cpuOnly = added.some(({ gpuLayers }) => gpuLayers === 0);
    const kept = compute[kvType].filter(({ gpuLayers }) => (gpuLayers === 0) !== cpuOnly);
    compute[kvType] = [...kept, ...added].sort(byLayers);
  }
  return { ...surface, compute };
}

/** What the surface says of a number of layers that has no column of its own: wherever the column below it bends. */
function pointsBetween(surface: MemorySurface, kvType: KvType, gpuLayers: number): ComputePoint[] {
  const below = surface.compute[kvType].findLast(column => column.gpuLayers < gpuLayers);
  return (below?.points ?? []).map(({ contextTokens }) => {
    const { gpu, ram } = memoryNeed(surface, { gpuLayers, contextTokens, kvType });
    return { contextTokens, gpuBytes: gpu.computeBytes, ramBytes: ram.computeBytes };
  });
}

/** The surface with one point put in, on a column of its own. */
export function withPoint(
  surface: MemorySurface,
  kvType: KvType,
  gpuLayers: number,
  point: ComputePoint,
): MemorySurface {
  const columns = surface.compute[kvType];
  const own = columns.find(column => column.gpuLayers === gpuLayers);
  const known = own?.points ?? pointsBetween(surface, kvType, gpuLayers);
  const points = [...known.filter(({ contextTokens }) => contextTokens !== point.contextTokens), point];
  points.sort((a, b) => a.contextTokens - b.contextTokens);
  const compute = [...columns.filter(column => column !== own), { gpuLayers, points }].sort(byLayers);
  return { ...surface, compute: { ...surface.compute, [kvType]: compute } };
}
