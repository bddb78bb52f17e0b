import type { ComputePoint } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";

/** A column under construction: compute buffers over the context at one number of layers and one KV type. */
export interface SampledColumn {
  /** Ascending by context. */
  readonly points: ComputePoint[];
  /** Everything that the GPU holds at this context, for judging how much an error matters. */
  totalBytes(contextTokens: number): number;
  /** Asks the oracle. */
  sample(contextTokens: number): Promise<ComputePoint>;
}

export async function addPoint(column: SampledColumn, contextTokens: number): Promise<ComputePoint> {
  const known = column.points.find(point => point.contextTokens === contextTokens);
  if (known !== undefined) return known;
  const point = await column.sample(contextTokens);
  column.points.push(point);
  column.points.sort((a, b) => a.contextTokens - b.contextTokens);
  return point;
}

interface Gap {
  readonly column: SampledColumn;
  readonly left: ComputePoint;
  readonly right: ComputePoint;
  /** How wrong, as a share of the total, the straight line between the ends may be. */
  readonly doubt: number;
}

/** A straight line that is off by this share of the total is worth no further look. */
const GOOD_ENOUGH = 0.001;
/** Before a gap was looked at: a guess by its width, so that wide gaps come first. */
const DOUBT_PER_DOUBLING = 0.02;
/** How much of it is left for the halves of a gap: a line that was right at one point says less than one that was wrong. */
const TRUST_AFTER_STRAIGHT = 0.15;
const TRUST_AFTER_BENT = 0.5;
/** Contexts beyond what the model was trained for are allowed but rare. */
const WEIGHT_BEYOND_TRAINING = 0.25;
/** What people choose: where a gap holds one of these it is cut there, so that the surface is exact at it. */
const USUAL_TOKENS: readonly number[] = [
  1024, 2048, 3072, 4096, 6144, 8192, 10_240, 12_288, 16_384, 20_480, 24_576, 32_768, 40_960, 49_152, 65_536, 98_304,
  131_072, 262_144, 524_288,
];

const padDown = (tokens: number): number => Math.floor(tokens / CONTEXT_PAD_TOKENS) * CONTEXT_PAD_TOKENS;

/** Where to cut: at the usual context nearest to the middle, otherwise in the middle; null when there is nothing between. */
function cutOf({ left, right }: Gap): number | null {
  const middle = padDown((left.contextTokens + right.contextTokens) / 2);
  const inside = USUAL_TOKENS.filter(tokens => tokens > left.contextTokens && tokens < right.contextTokens);
  const usual = inside.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  const cut = usual ?? middle;
  return cut > left.contextTokens && cut < right.contextTokens ? cut : null;
}

/** How far the straight line between the ends is from what was found, on both devices together. */
function errorOfLine({ left, right }: Gap, found: ComputePoint): number {
  const share = (found.contextTokens - left.contextTokens) / (right.contextTokens - left.contextTokens);
  const off = (side: "gpuBytes" | "ramBytes") =>
    Math.abs(left[side] + (right[side] - left[side]) * share - found[side]);
  return off("gpuBytes") + off("ramBytes");
}

/** A doubt that rests on width alone: small contexts are closer together than large ones, as on the slider. */
function doubtByWidth(left: ComputePoint, right: ComputePoint, trainedTokens: number): number {
  const doublings = Math.log2(right.contextTokens / left.contextTokens);
  return doublings * DOUBT_PER_DOUBLING * (left.contextTokens < trainedTokens ? 1 : WEIGHT_BEYOND_TRAINING);
}

function gapsOf(column: SampledColumn, trainedTokens: number): Gap[] {
  return column.points.slice(1).map((right, index) => {
    const left = column.points[index] ?? right;
    return { column, left, right, doubt: doubtByWidth(left, right, trainedTokens) };
  });
}

/** A gap next to a point that was just found `error` away from the line: what was wrong once is soon wrong again. */
function gapAfter(
  column: SampledColumn,
  left: ComputePoint,
  right: ComputePoint,
  error: number,
  trainedTokens: number,
): Gap {
  const trust = error < GOOD_ENOUGH / 10 ? TRUST_AFTER_STRAIGHT : TRUST_AFTER_BENT;
  return { column, left, right, doubt: Math.max(error, trust * doubtByWidth(left, right, trainedTokens)) };
}

/**
 * Cuts the gaps between samples, the most doubtful one first, until straight lines are good enough everywhere or time is up.
 * While layers are split, llama.cpp's allocator makes the compute buffer a sawtooth over the context: its teeth are found by
 * looking on where a straight line was seen to be wrong.
 *
 * @param trainedTokens contexts up to here come first
 * @param goOn asked before each sample
 */
export async function refine(
  columns: readonly SampledColumn[],
  trainedTokens: number,
  goOn: () => Promise<boolean>,
): Promise<void> {
  const gaps = columns.flatMap(column => gapsOf(column, trainedTokens)).sort((a, b) => a.doubt - b.doubt);
  for (let gap = gaps.pop(); gap !== undefined && gap.doubt > GOOD_ENOUGH; gap = gaps.pop()) {
    const contextTokens = cutOf(gap);
    if (contextTokens === null) continue;
    if (!(await goOn())) return;
    const { column, left, right } = gap;
    const point = await addPoint(column, contextTokens);
    const error = errorOfLine(gap, point) / column.totalBytes(contextTokens);
    insert(gaps, gapAfter(column, left, point, error, trainedTokens));
    insert(gaps, gapAfter(column, point, right, error, trainedTokens));
  }
}

function insert(gaps: Gap[], gap: Gap): void {
  const at = gaps.findIndex(other => other.doubt > gap.doubt);
  gaps.splice(at < 0 ? gaps.length : at, 0, gap);
}
