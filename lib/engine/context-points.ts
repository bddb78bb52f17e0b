import type { ComputePoint } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";
import type { DeviceBytes } from "./dry-run";

/** A column under construction: compute buffers over the context at one number of layers and one KV type. */
export interface SampledColumn {
  /** Ascending by context. */
  readonly points: ComputePoint[];
  /** Everything that each device holds at this context: an error matters as a share of it. */
  heldBytes(contextTokens: number): DeviceBytes;
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

/** Two neighbouring samples with contexts between them that were not looked at. */
interface Gap {
  readonly column: SampledColumn;
  /** Where to look next. */
  readonly cutTokens: number;
  /** How wrong, as a share of the total, the straight line between the ends may be. */
  readonly doubt: number;
}

/** A straight line that is off by this share of the total is worth no further look. */
export const GOOD_ENOUGH = 0.002;
/** A line that misses a sample by this share does not go through it. */
const SAME_LINE = GOOD_ENOUGH / 8;
/** Nothing is known of a gap but its width: what llama.cpp's allocator may jump by in a doubling, as a share of the buffer. */
const JUMP_PER_DOUBLING = 0.15;
/** How much of that is left where the line goes on through the next sample: a hidden tooth would have to end where it began. */
const TRUST_STRAIGHT_ON_ONE_SIDE = 0.6;
const TRUST_STRAIGHT_ON_BOTH = 0.4;
/** A slope that was taken over a few tokens says nothing of a gap that is a hundred times as wide. */
const MOST_DOUBT = 0.25;
/** Contexts beyond what the model was trained for are allowed but rare. */
const WEIGHT_BEYOND_TRAINING = 0.25;
/** What people choose: where a gap holds one of these it is cut there, so that the surface is exact at it. */
const USUAL_TOKENS: readonly number[] = [
  1024, 2048, 3072, 4096, 6144, 8192, 10_240, 12_288, 16_384, 20_480, 24_576, 32_768, 40_960, 49_152, 65_536, 98_304,
  131_072, 262_144, 524_288,
];

const padDown = (tokens: number): number => Math.floor(tokens / CONTEXT_PAD_TOKENS) * CONTEXT_PAD_TOKENS;

/** Where to cut: at the usual context nearest to the middle, otherwise in the middle; null when there is nothing between. */
function cutOf(left: ComputePoint, right: ComputePoint): number | null {
  const middle = padDown((left.contextTokens + right.contextTokens) / 2);
  const inside = USUAL_TOKENS.filter(tokens => tokens > left.contextTokens && tokens < right.contextTokens);
  const usual = inside.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  const cut = usual ?? middle;
  return cut > left.contextTokens && cut < right.contextTokens ? cut : null;
}

/** A GPU too full fails; system memory has to hold the rest and is measured against all of it. */
const shareOf = (bytes: DeviceBytes, held: DeviceBytes): number =>
  Math.max(bytes.gpuBytes / Math.max(1, held.gpuBytes), bytes.ramBytes / Math.max(1, held.gpuBytes + held.ramBytes));

/** By how much the line through two samples misses a third one, as a share of what is held there. */
function missOfLine(column: SampledColumn, from: ComputePoint, through: ComputePoint, to: ComputePoint): number {
  const share = (to.contextTokens - from.contextTokens) / (through.contextTokens - from.contextTokens);
  const off = (side: "gpuBytes" | "ramBytes") => Math.abs(from[side] + (through[side] - from[side]) * share - to[side]);
  return shareOf({ gpuBytes: off("gpuBytes"), ramBytes: off("ramBytes") }, column.heldBytes(to.contextTokens));
}

/**
 * While layers are split, llama.cpp's allocator makes the compute buffer a sawtooth over the context: straight pieces with jumps between
 * them. A gap whose line goes on through a neighbouring sample is within a piece; one whose line fits neither side holds a jump, and
 * cutting it in halves finds that in a few looks, because the half without it joins its neighbour.
 */
function doubtOf(column: SampledColumn, index: number): number {
  const [before, left, right, after] = [-1, 0, 1, 2].map(offset => column.points[index + offset]);
  if (left === undefined || right === undefined) return 0;
  const doublings = Math.log2(right.contextTokens / left.contextTokens);
  const byWidth = doublings * JUMP_PER_DOUBLING * shareOf(right, column.heldBytes(right.contextTokens));
  const misses = [
    ...(before === undefined ? [] : [missOfLine(column, before, left, right)]),
    ...(after === undefined ? [] : [missOfLine(column, after, right, left)]),
  ];
  if (misses.length === 0) return byWidth;
  const straight = misses.filter(miss => miss <= SAME_LINE).length;
  if (straight === 0) return Math.max(Math.min(MOST_DOUBT, ...misses), byWidth * TRUST_STRAIGHT_ON_ONE_SIDE);
  return byWidth * (straight === 2 ? TRUST_STRAIGHT_ON_BOTH : TRUST_STRAIGHT_ON_ONE_SIDE);
}

/** Small contexts are closer together than large ones, as on the slider. */
function gapsOf(column: SampledColumn, trainedTokens: number): Gap[] {
  return column.points.slice(1).flatMap((right, index) => {
    const left = column.points[index] ?? right;
    const cutTokens = cutOf(left, right);
    const weight = left.contextTokens < trainedTokens ? 1 : WEIGHT_BEYOND_TRAINING;
    return cutTokens === null ? [] : [{ column, cutTokens, doubt: doubtOf(column, index) * weight }];
  });
}

/**
 * Cuts the gaps between samples, the most doubtful one first, until straight lines are good enough everywhere or time is up.
 *
 * @param trainedTokens contexts up to here come first
 * @param goOn asked before each sample
 * @returns whether nothing is left to look at
 */
export async function refine(
  columns: readonly SampledColumn[],
  trainedTokens: number,
  goOn: () => Promise<boolean>,
): Promise<boolean> {
  const gaps = new Map(columns.map(column => [column, gapsOf(column, trainedTokens)]));
  for (;;) {
    const gap = [...gaps.values()].flat().reduce<Gap | null>(moreDoubtful, null);
    if (gap === null || gap.doubt <= GOOD_ENOUGH) return true;
    if (!(await goOn())) return false;
    await addPoint(gap.column, gap.cutTokens);
    gaps.set(gap.column, gapsOf(gap.column, trainedTokens));
  }
}

const moreDoubtful = (one: Gap | null, other: Gap): Gap => (one === null || other.doubt > one.doubt ? other : one);
