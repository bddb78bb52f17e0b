import type { WindowRule } from "./architecture-traits";
import type { MetadataFields } from "./metadata-fields";

export interface SlidingWindow {
  /** 0: the model has none. */
  readonly tokens: number;
  readonly windowed: readonly boolean[];
}

/**
 * Which blocks attend only to a window, and the window's size.
 * @param trunkBlocks number of blocks, without those that only predict further tokens: the rule never gives those a window
 * @see llama.cpp src/llama-model.cpp (load_swa_pattern), src/llama-hparams.cpp (set_swa_pattern)
 */
export function slidingWindow(
  fields: MetadataFields,
  rule: WindowRule | undefined,
  blocks: number,
  trunkBlocks: number,
): SlidingWindow {
  const none: SlidingWindow = { tokens: 0, windowed: new Array<boolean>(blocks).fill(false) };
  if (!rule || (rule.onlyWithBlocks !== undefined && rule.onlyWithBlocks !== blocks)) return none;
  const named = fields.count("{arch}.attention.sliding_window") ?? rule.defaultTokens ?? 0;
  if (named === 0) return none;
  const tokens = rule.fixedTokens ?? named;
  const listed = fields.flagPerBlock("{arch}.attention.sliding_window_pattern", blocks);
  if (listed) return { tokens, windowed: listed };
  if (rule.denseEvery === "listed") return none;
  const key = "{arch}.attention.sliding_window_pattern";
  const denseEvery = rule.denseEvery === 0 ? 0 : (fields.count(key) ?? rule.denseEvery);
  const windowed = none.windowed.map(
    (_, index) => index < trunkBlocks && isWindowed(index, denseEvery, rule.denseFirst ?? false),
  );
  return { tokens, windowed };
}

function isWindowed(index: number, denseEvery: number, denseFirst: boolean): boolean {
  if (denseEvery === 0) return true;
  return index % denseEvery !== (denseFirst ? 0 : denseEvery - 1);
}
