import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";

/** What the pool asks of a sequence: the tokens that its cache holds. */
type CachedTokens = Pick<LlamaContextSequence, "contextTokens">;

interface Slot<Sequence> {
  readonly sequence: Sequence;
  cacheKey: string | null;
  usedAt: number;
  isTaken: boolean;
}

export interface TakenSequence<Sequence = LlamaContextSequence> {
  readonly sequence: Sequence;
  /** Keeps the cache for later requests, and lets the next request have the sequence. */
  release(): void;
}

/**
 * The sequences of one context, each with the cache of one conversation and used by one answer at a time. A request takes the free
 * sequence whose cache saves it the most tokens, so that a turn costs only its new ones.
 */
export class SequencePool<Sequence extends CachedTokens = LlamaContextSequence> {
  readonly #slots: Slot<Sequence>[];
  readonly #waiting: (() => void)[] = [];
  #uses = 0;

  constructor(sequences: readonly Sequence[]) {
    this.#slots = sequences.map(sequence => ({ sequence, cacheKey: null, usedAt: 0, isTaken: false }));
  }

  static of(context: LlamaContext): SequencePool {
    return new SequencePool(Array.from({ length: context.totalSequences }, () => context.getSequence()));
  }

  get all(): readonly Sequence[] {
    return this.#slots.map(({ sequence }) => sequence);
  }

  /** Answers that are written now. */
  get takenCount(): number {
    return this.#slots.filter(({ isTaken }) => isTaken).length;
  }

  /** Waits while every sequence is in use. @param prompt the tokens that will be computed */
  async take(prompt: readonly Token[], cacheKey: string | null): Promise<TakenSequence<Sequence>> {
    let slot = this.#best(prompt, cacheKey);
    while (slot === null) {
      await new Promise<void>(resolve => this.#waiting.push(resolve));
      slot = this.#best(prompt, cacheKey);
    }
    const taken = slot;
    this.#uses += 1;
    taken.usedAt = this.#uses;
    taken.cacheKey = cacheKey;
    return { sequence: taken.sequence, release: this.#takeSlot(taken) };
  }

  /** This sequence without a request, which keeps its cache. @returns its release; null while it is in use */
  takeIdle(sequence: Sequence): (() => void) | null {
    const slot = this.#slots.find(own => own.sequence === sequence);
    return slot === undefined || slot.isTaken ? null : this.#takeSlot(slot);
  }

  #takeSlot(slot: Slot<Sequence>): () => void {
    slot.isTaken = true;
    return () => {
      slot.isTaken = false;
      this.#waiting.shift()?.();
    };
  }

  /**
   * The chat's own sequence first, because nobody else's cache is lost for it. Then the longest common prefix, unless most of another
   * cache would be lost for it. Then one that no chat uses, then the one that was idle the longest.
   */
  #best(prompt: readonly Token[], cacheKey: string | null): Slot<Sequence> | null {
    const ranked = this.#slots
      .filter(({ isTaken }) => !isTaken)
      .map(slot => ({
        slot,
        isOwn: cacheKey !== null && slot.cacheKey === cacheKey,
        saved: savedTokens(slot.sequence.contextTokens, prompt),
      }))
      .sort(
        (one, other) =>
          Number(other.isOwn) - Number(one.isOwn) ||
          other.saved - one.saved ||
          Number(one.slot.cacheKey !== null) - Number(other.slot.cacheKey !== null) ||
          one.slot.usedAt - other.slot.usedAt,
      );
    return ranked[0]?.slot ?? null;
  }
}

/**
 * Tokens that the cache saves this prompt. 0 where less than half of the cache would stay: a system prompt that two chats share must
 * not cost the longer chat its cache.
 */
function savedTokens(cached: readonly Token[], prompt: readonly Token[]): number {
  let common = 0;
  while (common < cached.length && common < prompt.length && cached[common] === prompt[common]) common += 1;
  return common * 2 >= cached.length ? common : 0;
}
