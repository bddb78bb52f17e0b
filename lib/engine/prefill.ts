import type { LlamaContextSequence, Token } from "node-llama-cpp";

/** Between two looks at the abort signal: a stop during prefill must be felt within a second, also on a computer that gets busy. */
const CHUNK_TARGET_MS = 400;
/** First chunk, before the speed of this model is known. */
const FIRST_CHUNK_TOKENS = 64;
const LEAST_CHUNK_TOKENS = 16;

export interface PrefillResult {
  /** Tokens that were in the cache already. */
  readonly cachedTokens: number;
  /** Computed here; the rest is left to whoever asks for the first token. */
  readonly computedTokens: number;
  readonly startedMs: number;
  readonly aborted: boolean;
}

/**
 * Computes the prompt into the sequence in pieces that can be aborted between: llama.cpp itself would do it in one call that nothing
 * can stop. What the sequence holds of it already stays, so that a new turn costs only its new tokens. The last piece is left for the
 * step that also makes the first token; a short prompt has no other.
 */
export async function prefill(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  batchTokens: number,
  onProgress: (doneTokens: number, totalTokens: number) => void,
  signal: AbortSignal,
): Promise<PrefillResult> {
  const startedMs = performance.now();
  await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
  const cachedTokens = Math.min(sequence.nextTokenIndex, tokens.length - 1);
  let doneTokens = cachedTokens;
  // Also for a prompt of one piece: how long it is says how full the context is from the first word on.
  onProgress(doneTokens, tokens.length);
  let chunkTokens = Math.min(FIRST_CHUNK_TOKENS, batchTokens);
  while (tokens.length - doneTokens > chunkTokens && !signal.aborted) {
    const chunkStartedMs = performance.now();
    const chunk = tokens.slice(doneTokens, doneTokens + chunkTokens);
    await sequence.evaluateWithoutGeneratingNewTokens(chunk);
    doneTokens += chunk.length;
    chunkTokens = nextChunkTokens(chunk.length, performance.now() - chunkStartedMs, batchTokens);
    onProgress(doneTokens, tokens.length);
  }
  return { cachedTokens, computedTokens: doneTokens - cachedTokens, startedMs, aborted: signal.aborted };
}

/** As many tokens as this computer does in the target time, within one batch. */
const nextChunkTokens = (tokens: number, elapsedMs: number, batchTokens: number): number =>
  Math.min(batchTokens, Math.max(LEAST_CHUNK_TOKENS, Math.round((tokens * CHUNK_TARGET_MS) / Math.max(1, elapsedMs))));
