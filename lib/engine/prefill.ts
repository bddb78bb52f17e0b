import type { LlamaContextSequence, Token } from "node-llama-cpp";

/** Between two looks at the abort signal; a stop during prefill must be felt within a second. */
const CHUNK_TARGET_MS = 300;
/** First chunk, before the speed of this model is known. */
const FIRST_CHUNK_TOKENS = 64;

export interface PrefillResult {
  /** Tokens that were in the cache already. */
  readonly cachedTokens: number;
  readonly computedTokens: number;
  readonly elapsedMs: number;
  readonly aborted: boolean;
}

/**
 * Computes the prompt into the sequence, all but its last token, in pieces that can be aborted between. What the sequence
 * holds of it already stays: a new turn costs only its new tokens. llama.cpp itself would do the whole prompt in one call that
 * nothing can stop.
 */
export async function prefill(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  batchTokens: number,
  onProgress: (doneTokens: number, totalTokens: number) => void,
  signal: AbortSignal,
): Promise<PrefillResult> {
  const startedMs = performance.now();
  const wanted = tokens.slice(0, -1);
  await sequence.adaptStateToTokens(wanted, false);
  const cachedTokens = Math.min(sequence.nextTokenIndex, wanted.length);
  let doneTokens = cachedTokens;
  let chunkTokens = Math.min(FIRST_CHUNK_TOKENS, batchTokens);
  while (doneTokens < wanted.length && !signal.aborted) {
    const chunkStartedMs = performance.now();
    const chunk = wanted.slice(doneTokens, doneTokens + chunkTokens);
    await sequence.evaluateWithoutGeneratingNewTokens(chunk);
    doneTokens += chunk.length;
    chunkTokens = nextChunkTokens(chunk.length, performance.now() - chunkStartedMs, batchTokens);
    onProgress(doneTokens, tokens.length);
  }
  return {
    cachedTokens,
    computedTokens: doneTokens - cachedTokens,
    elapsedMs: performance.now() - startedMs,
    aborted: signal.aborted,
  };
}

/** As many tokens as this computer does in the target time, within one batch. */
const nextChunkTokens = (tokens: number, elapsedMs: number, batchTokens: number): number =>
  Math.min(batchTokens, Math.max(16, Math.round((tokens * CHUNK_TARGET_MS) / Math.max(1, elapsedMs))));
