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

/**
 * The number of layers that stands for all of these: inside a run, where the ends are not, and small, because a dry run with few layers on
 * the GPU takes half as long as one with many.
 */
export function standInFor(runs: SharedColumn["runs"]): number {
  const longest = runs.reduce((one, other) => (other.last - other.first > one.last - one.first ? other : one));
  return Math.min(longest.first + 2, Math.floor((longest.first + longest.last) / 2));
}

/** Columns of the GPU that say the same are one, with all that lies between two neighbours of them; `points` are copies. */
export function sharedPoints(
  surface: MemorySurface,
  kvType: KvType,
): { readonly runs: SharedColumn["runs"]; readonly points: ComputePoint[] }[] {
  const shared = new Map<string, { runs: { first: number; last: number }[]; points: ComputePoint[] }>();
  let before = "";
  for (const { gpuLayers, points } of surface.compute[kvType].filter(column => column.gpuLayers > 0)) {
    const text = JSON.stringify(points);
    const own = shared.get(text) ?? { runs: [], points: [...points] };
    shared.set(text, own);
    const run = own.runs.at(-1);
    if (text === before && run !== undefined) run.last = gpuLayers;
    else own.runs.push({ first: gpuLayers, last: gpuLayers });
    before = text;
  }
  return [...shared.values()];
}

/** The runs without some numbers of layers, in as few runs as that leaves. */
export const withoutLayers = (runs: SharedColumn["runs"], removed: ReadonlySet<number>): SharedColumn["runs"] =>
  runs.flatMap(({ first, last }) => {
    const kept: { first: number; last: number }[] = [];
    for (let gpuLayers = first; gpuLayers <= last; gpuLayers++) {
      if (removed.has(gpuLayers)) continue;
      const run = kept.at(-1);
      if (run?.last === gpuLayers - 1) run.last = gpuLayers;
      else kept.push({ first: gpuLayers, last: gpuLayers });
    }
    return kept;
  });

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
