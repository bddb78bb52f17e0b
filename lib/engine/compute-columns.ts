import { memoryNeed } from "@/lib/plan/memory-need";
import { type KvType, kvTypes } from "@/lib/schema/kv-type";
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

const knownPoints = (surface: MemorySurface, kvType: KvType, gpuLayers: number): readonly ComputePoint[] =>
  surface.compute[kvType].find(column => column.gpuLayers === gpuLayers)?.points ??
  pointsBetween(surface, kvType, gpuLayers);

const byContext = (a: ComputePoint, b: ComputePoint): number => a.contextTokens - b.contextTokens;

/** The surface with one point put in, on a column of its own. */
export function withPoint(
  surface: MemorySurface,
  kvType: KvType,
  gpuLayers: number,
  point: ComputePoint,
): MemorySurface {
  const others = knownPoints(surface, kvType, gpuLayers).filter(known => known.contextTokens !== point.contextTokens);
  const column = { gpuLayers, points: [...others, point].sort(byContext) };
  const columns = surface.compute[kvType].filter(known => known.gpuLayers !== gpuLayers);
  return { ...surface, compute: { ...surface.compute, [kvType]: [...columns, column].sort(byLayers) } };
}

/** All points of a stretch of contexts at one number of layers. */
export interface Stretch {
  readonly kvType: KvType;
  readonly gpuLayers: number;
  readonly points: readonly ComputePoint[];
}

/** The surface with these, each on a column of its own, as far as columns differ: what was thought of the stretches before goes. */
export function withStretches(surface: MemorySurface, stretches: readonly Stretch[]): MemorySurface {
  const added = new Map(kvTypes.map(kvType => [kvType, new Map<number, ComputeColumn>()]));
  for (const { kvType, gpuLayers, points } of stretches) {
    // From the surface as it was: between columns that already have this stretch and those that have not, nothing is right.
    if (points.length > 0) added.get(kvType)?.set(gpuLayers, stretched(surface, { kvType, gpuLayers, points }));
  }
  const compute = { ...surface.compute };
  for (const [kvType, columns] of added) {
    const others = compute[kvType].filter(({ gpuLayers }) => !columns.has(gpuLayers));
    compute[kvType] = withoutRepeats([...others, ...columns.values()].sort(byLayers));
  }
  return { ...surface, compute };
}

function stretched(surface: MemorySurface, { kvType, gpuLayers, points }: Stretch): ComputeColumn {
  const firstTokens = points.at(0)?.contextTokens ?? 0;
  const lastTokens = points.at(-1)?.contextTokens ?? 0;
  const outside = knownPoints(surface, kvType, gpuLayers).filter(
    ({ contextTokens }) => contextTokens < firstTokens || contextTokens > lastTokens,
  );
  return { gpuLayers, points: cornersOf([...outside, ...points].sort(byContext), lastTokens) };
}

/** A straight line that misses by less than this says the same: far less than any figure shows. */
const SAME_BYTES = 2048;

/** The points that it takes to draw the same lines up to this context, and all points after it. */
function cornersOf(points: readonly ComputePoint[], untilTokens: number): ComputePoint[] {
  const corners: ComputePoint[] = [];
  let from = 0;
  while (from < points.length) {
    corners.push(...points.slice(from, from + 1));
    let to = from + 1;
    while ((points[to + 1]?.contextTokens ?? Infinity) <= untilTokens && isStraight(points, from, to + 1)) to += 1;
    from = to;
  }
  return corners;
}

function isStraight(points: readonly ComputePoint[], from: number, to: number): boolean {
  const [start, end] = [points[from], points[to]];
  if (start === undefined || end === undefined) return false;
  return points.slice(from + 1, to).every(({ contextTokens, gpuBytes, ramBytes }) => {
    const share = (contextTokens - start.contextTokens) / (end.contextTokens - start.contextTokens);
    const misses = (value: number, first: number, last: number) =>
      Math.abs(first + (last - first) * share - value) > SAME_BYTES;
    return !misses(gpuBytes, start.gpuBytes, end.gpuBytes) && !misses(ramBytes, start.ramBytes, end.ramBytes);
  });
}

/** Without the columns that stand between two others that say the same. */
function withoutRepeats(columns: readonly ComputeColumn[]): ComputeColumn[] {
  const texts = columns.map(({ points }) => JSON.stringify(points));
  const isRepeat = (index: number): boolean =>
    texts[index] === texts[index - 1] && texts[index] === texts[index + 1] && columns[index - 1]?.gpuLayers !== 0;
  return columns.filter((_, index) => !isRepeat(index));
}
