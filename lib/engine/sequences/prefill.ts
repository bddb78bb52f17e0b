import type { LlamaContextSequence, Token } from "node-llama-cpp";

/** Time between two checks of the abort signal. A stop during prefill must take effect within a second, even on a busy computer. */
const CHUNK_TARGET_MS = 400;
/** First chunk, before the speed of this model is known. */
const FIRST_CHUNK_TOKENS = 64;
const LEAST_CHUNK_TOKENS = 16;

export interface PrefillResult {
  /** Tokens that were in the cache already. */
  readonly cachedTokens: number;
  /** Tokens computed here. The caller computes the rest together with the first token. */
  readonly computedTokens: number;
  readonly startedMs: number;
  readonly aborted: boolean;
}

/**
 * Computes the prompt into the sequence in pieces, so that it can be aborted between them. llama.cpp itself would use one call, which
 * cannot be stopped. The part that the sequence already holds is kept, so that a new turn costs only its new tokens. The last piece
 * is left for the step that also makes the first token. A short prompt consists of that piece alone.
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
  // Reported for a prompt of one piece too: from the first word on, the page shows with it how full the context is.
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

/** As many tokens as this computer computes in the target time, at most one batch. */
const nextChunkTokens = (tokens: number, elapsedMs: number, batchTokens: number): number =>
  Math.min(batchTokens, Math.max(LEAST_CHUNK_TOKENS, Math.round((tokens * CHUNK_TARGET_MS) / Math.max(1, elapsedMs))));
