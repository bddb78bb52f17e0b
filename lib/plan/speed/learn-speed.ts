import type { SpeedEvidence, SpeedParts } from "@/lib/schema/plans/plan-speed";

/**
 * How far a first prediction may be off, as the standard deviation of the logarithm, on each level of a part's path: the device's own,
 * what limits the part (weights, attention), the quantization or head size, dense or mixture, and the model itself. Judged from
 * `npm run bench -- speed`: a measured model says most about itself, less about its kind, and little about another device.
 */
export interface SpeedSpread {
  device(name: string): number;
  readonly levels: readonly number[];
  /** Of one measurement. */
  readonly noise: number;
}

export interface LearnedSpeed {
  /** By how much the plan is faster than the sum of its parts. */
  readonly factor: number;
  /** Standard deviation of the factor's logarithm. */
  readonly spread: number;
  /** Share of the first uncertainty that past loads took away. */
  readonly knownShare: number;
}

type Shares = readonly (readonly [path: readonly string[], share: number])[];

function sharesOf(parts: SpeedParts): Shares {
  const seconds = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return Object.entries(parts).map(([path, part]) => [path.split("/"), part / seconds]);
}

/** Two parts are off by the same amount as far as their paths are the same. */
function shared(one: readonly string[], other: readonly string[], { device, levels }: SpeedSpread): number {
  let variance = 0;
  for (const [depth, name] of one.entries()) {
    if (name !== other[depth]) break;
    variance += (depth === 0 ? device(name) : (levels[depth - 1] ?? 0)) ** 2;
  }
  return variance;
}

function covariance(one: Shares, other: Shares, spread: SpeedSpread): number {
  let sum = 0;
  for (const [path, share] of one)
    for (const [otherPath, otherShare] of other) sum += share * otherShare * shared(path, otherPath, spread);
  return sum;
}

/**
 * What past loads say about a plan: the mean and the spread of a Gaussian process whose covariance is the shared part of the paths. Loads of
 * the same model count most, then loads of its kind, then all on its device; loads on another device count nothing.
 */
export function learnSpeed(parts: SpeedParts, evidence: readonly SpeedEvidence[], spread: SpeedSpread): LearnedSpeed {
  const plan = sharesOf(parts);
  const first = covariance(plan, plan, spread);
  const { past, inverse } = prepared(evidence, spread);
  const toPlan = past.map(({ shares }) => covariance(shares, plan, spread));
  const weights = inverse.map(row => row.reduce((sum, value, index) => sum + value * (toPlan[index] ?? 0), 0));
  const sumWith = (values: readonly number[]) =>
    weights.reduce((sum, weight, index) => sum + weight * (values[index] ?? 0), 0);
  const explained = sumWith(toPlan);
  return {
    factor: Math.exp(sumWith(past.map(({ error }) => error))),
    spread: Math.sqrt(Math.max(0, first - explained) + spread.noise ** 2),
    knownShare: first > 0 ? explained / first : 0,
  };
}

interface Prepared {
  readonly past: readonly { readonly shares: Shares; readonly error: number }[];
  /** Of the covariance of past loads among each other. */
  readonly inverse: readonly (readonly number[])[];
}

/** A page predicts dozens of plans from the same loads while a slider moves. */
const known = new WeakMap<readonly SpeedEvidence[], Map<SpeedSpread, Prepared>>();

function prepared(evidence: readonly SpeedEvidence[], spread: SpeedSpread): Prepared {
  const bySpread = known.get(evidence) ?? new Map<SpeedSpread, Prepared>();
  known.set(evidence, bySpread);
  const found = bySpread.get(spread);
  if (found !== undefined) return found;
  const past = evidence.map(({ parts, ratio }) => ({ shares: sharesOf(parts), error: Math.log(ratio) }));
  const among = past.map(({ shares }, row) =>
    past.map((other, column) => covariance(shares, other.shares, spread) + (row === column ? spread.noise ** 2 : 0)),
  );
  const made = { past, inverse: inverseOf(among) };
  bySpread.set(spread, made);
  return made;
}

/** Gauss-Jordan. The matrix is positive definite, because every measurement has noise of its own: no pivoting is needed. */
function inverseOf(matrix: readonly (readonly number[])[]): number[][] {
  const rows = matrix.map((row, index) => [...row, ...row.map((_, column) => (column === index ? 1 : 0))]);
  for (const [index, pivot] of rows.entries()) {
    const divisor = pivot[index] ?? 1;
    for (let column = 0; column < pivot.length; column++) pivot[column] = (pivot[column] ?? 0) / divisor;
    for (const [other, row] of rows.entries()) {
      if (other === index) continue;
      const factor = row[index] ?? 0;
      for (let column = 0; column < row.length; column++)
        row[column] = (row[column] ?? 0) - factor * (pivot[column] ?? 0);
    }
  }
  return rows.map(row => row.slice(matrix.length));
}
