import type { LlamaContext, LlamaContextSequence } from "node-llama-cpp";

interface Slot {
  readonly sequence: LlamaContextSequence;
  cacheKey: string | null;
  usedAt: number;
}

/**
 * The sequences of one context, each with the cache of one conversation. A chat uses the same sequence again, so that a turn costs
 * only its new tokens. A new chat takes the sequence that was idle the longest.
 */
export class SequencePool {
  readonly #slots: Slot[];
  #uses = 0;

  constructor(context: LlamaContext) {
    this.#slots = Array.from({ length: context.totalSequences }, () => ({
      sequence: context.getSequence(),
      cacheKey: null,
      usedAt: 0,
    }));
  }

  take(cacheKey: string | null): LlamaContextSequence {
    const byAge = [...this.#slots].sort((a, b) => a.usedAt - b.usedAt);
    const slot = byAge.find(candidate => cacheKey !== null && candidate.cacheKey === cacheKey) ?? byAge[0];
    if (slot === undefined) throw new Error("The context has no sequence.");
    this.#uses += 1;
    slot.usedAt = this.#uses;
    slot.cacheKey = cacheKey;
    return slot.sequence;
  }
}
