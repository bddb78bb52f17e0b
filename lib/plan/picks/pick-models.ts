/** What is known of one file before it is chosen. */
export interface PickCandidate {
  readonly model: string;
  /** 1 to 100, its quantization's loss included. */
  readonly quality: number;
  /** Bits a weight, about: which of two files of one model is closer to the original. */
  readonly bits: number;
  /** Predicted, with an empty context. */
  readonly tokensPerSecond: number;
  /** Weights, KV cache and compute fit the card's target and the memory that is available. */
  readonly fits: boolean;
  /** All layers are on the GPU. */
  readonly isOnGpu: boolean;
}

export type PickLabel = "fastest" | "balanced" | "most-capable";

export interface ModelPick<Candidate> {
  readonly label: PickLabel;
  readonly candidate: Candidate;
}

/** Slower than this an answer is a wait: about half of a quick reader's pace. */
export const SLOWEST_TOKENS_PER_SECOND = 3;
/** Faster than most people read (300 words a minute are about 7 tokens/s), with thinking in mind. */
const COMFORTABLE_TOKENS_PER_SECOND = 12;
/** The fastest pick is still worth talking to: this part of the quality of the best one that runs here. */
const USEFUL_SHARE = 0.55;

const largestBy = <Item>(items: readonly Item[], value: (item: Item) => number): Item | undefined =>
  items.reduce<Item | undefined>(
    (best, item) => (best === undefined || value(item) > value(best) ? item : best),
    undefined,
  );

/** Of the best model's files the one closest to the original, if it is whole on the card; otherwise the quickest. */
function best<Candidate extends PickCandidate>(candidates: readonly Candidate[]): Candidate | undefined {
  const highest = largestBy(candidates, ({ quality }) => quality);
  const equal = candidates.filter(({ quality, model }) => quality === highest?.quality && model === highest.model);
  const whole = equal.filter(({ isOnGpu }) => isOnGpu);
  return whole.length > 0
    ? largestBy(whole, ({ bits }) => bits)
    : largestBy(equal, ({ tokensPerSecond }) => tokensPerSecond);
}

/** The quickest that is still useful; where none of those is quicker than the balanced one, the best that is. */
function quickest<Candidate extends PickCandidate>(
  candidates: readonly Candidate[],
  capable: Candidate,
  balanced: Candidate,
): Candidate | undefined {
  const paceToBeat = Math.max(capable.tokensPerSecond, balanced.tokensPerSecond);
  const quicker = candidates.filter(({ tokensPerSecond }) => tokensPerSecond > paceToBeat);
  const useful = quicker.filter(({ quality }) => quality >= USEFUL_SHARE * capable.quality);
  return (
    largestBy(useful, ({ tokensPerSecond }) => tokensPerSecond) ??
    largestBy(quicker, ({ quality }) => quality) ??
    largestBy(candidates, ({ tokensPerSecond }) => tokensPerSecond)
  );
}

/**
 * Three different models for this computer, fewer where fewer run. The most capable is chosen first and only by its quality, so more
 * memory can never make it worse. The balanced one is the best of those that answer faster than people read, on the card if there are
 * such. The fastest is the quickest of those that are not much worse than the best.
 */
export function pickModels<Candidate extends PickCandidate>(
  candidates: readonly Candidate[],
): readonly ModelPick<Candidate>[] {
  const running = candidates.filter(
    ({ fits, tokensPerSecond }) => fits && tokensPerSecond >= SLOWEST_TOKENS_PER_SECOND,
  );
  const capable = best(running);
  if (capable === undefined) return [];
  const others = running.filter(({ model }) => model !== capable.model);
  const comfortable = others.filter(({ tokensPerSecond }) => tokensPerSecond >= COMFORTABLE_TOKENS_PER_SECOND);
  const balanced = best(comfortable.filter(({ isOnGpu }) => isOnGpu)) ?? best(comfortable) ?? best(others);
  if (balanced === undefined) return [{ label: "most-capable", candidate: capable }];
  const rest = others.filter(({ model }) => model !== balanced.model);
  const fastest = quickest(rest, capable, balanced);
  if (fastest === undefined)
    return [
      { label: "balanced", candidate: balanced },
      { label: "most-capable", candidate: capable },
    ];
  const [slower, faster] =
    fastest.tokensPerSecond < balanced.tokensPerSecond ? [fastest, balanced] : [balanced, fastest];
  return [
    { label: "fastest", candidate: faster },
    { label: "balanced", candidate: slower },
    { label: "most-capable", candidate: capable },
  ];
}
