import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";
import { commonTokens } from "./common-tokens";

/** What the pool asks of a sequence: the tokens that its cache holds. */
type CachedTokens = Pick<LlamaContextSequence, "contextTokens">;

interface Slot<Sequence> {
  readonly sequence: Sequence;
  cacheKey: string | null;
  usedAt: number;
  isTaken: boolean;
  /** What is done with the sequence between two answers. */
  idleWork: { readonly abort: AbortController; readonly ended: Promise<void> } | null;
}

export interface TakenSequence<Sequence = LlamaContextSequence> {
  readonly sequence: Sequence;
  /** Keeps the cache for later requests, and lets the next request have the sequence. */
  release(): void;
}

/** Lets a sequence begin with what another one has computed. */
export interface PrefixCopies<Sequence> {
  /** Whether a copy takes less time than computing this many tokens. */
  isWorth(tokens: number): boolean;
  /** The first tokens of the one replace what the other holds. */
  copy(from: Sequence, to: Sequence, tokens: number): Promise<void>;
}

/**
 * The sequences of one context, each with the cache of one conversation and used by one answer at a time. A request takes the free
 * sequence whose cache saves it the most tokens, so that a turn costs only its new ones. What another sequence has of its beginning, such as
 * the system prompt that all clients send, is copied.
 */
export class SequencePool<Sequence extends CachedTokens = LlamaContextSequence> {
  readonly #slots: Slot<Sequence>[];
  readonly #waiting: (() => void)[] = [];
  #uses = 0;

  constructor(
    sequences: readonly Sequence[],
    private readonly copies: PrefixCopies<Sequence> | null = null,
  ) {
    this.#slots = sequences.map(sequence => ({ sequence, cacheKey: null, usedAt: 0, isTaken: false, idleWork: null }));
  }

  static of(context: LlamaContext): SequencePool {
    const sequences = Array.from({ length: context.totalSequences }, () => context.getSequence());
    return new SequencePool(sequences, prefixCopies(context.contextSize));
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
    taken.isTaken = true;
    taken.idleWork?.abort.abort();
    await taken.idleWork?.ended;
    await this.#copyBeginning(taken.sequence, prompt);
    return {
      sequence: taken.sequence,
      release: () => {
        taken.isTaken = false;
        this.#waiting.shift()?.();
      },
    };
  }

  async #copyBeginning(to: Sequence, prompt: readonly Token[]): Promise<void> {
    const known = (sequence: Sequence) => commonTokens(sequence.contextTokens, prompt);
    const from = this.all.reduce((best, one) => (known(one) > known(best) ? one : best), to);
    if (this.copies?.isWorth(known(from) - known(to))) await this.copies.copy(from, to, known(from));
  }

  /**
   * Works on a sequence between two answers, after other such work. A request that takes the sequence aborts the work and waits for its end.
   * Does nothing while the sequence is in use. Work that fails has no effect: it only saves time later.
   */
  async whileIdle(sequence: Sequence, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const slot = this.#slots.find(own => own.sequence === sequence);
    while (slot?.idleWork) await slot.idleWork.ended;
    if (slot === undefined || slot.isTaken) return;
    const abort = new AbortController();
    const ended = work(abort.signal)
      .catch(() => {})
      .then(() => {
        slot.idleWork = null;
      });
    slot.idleWork = { abort, ended };
    await ended;
  }

  /** Before the context is disposed. */
  async endIdleWork(): Promise<void> {
    for (const { idleWork } of this.#slots) {
      idleWork?.abort.abort();
      await idleWork?.ended;
    }
  }

  /**
   * The chat's own sequence first, because no other cache is lost then. Next the longest common prefix, unless most of another cache
   * would be lost. Next one that no chat uses, then one beside a sequence that is in use, then the one that was idle the longest.
   * llama.cpp computes only neighbours together: with sequences 0 and 2, each step reads all weights twice.
   * @see llama.cpp src/llama-batch.cpp (split_equal)
   */
  #best(prompt: readonly Token[], cacheKey: string | null): Slot<Sequence> | null {
    const isInUse = (place: number) => this.#slots[place]?.isTaken ?? false;
    const ranked = this.#slots
      .map((slot, place) => ({
        slot,
        isNeighbour: isInUse(place - 1) || isInUse(place + 1),
        isOwn: cacheKey !== null && slot.cacheKey === cacheKey,
        saved: savedTokens(slot.sequence.contextTokens, prompt),
      }))
      .filter(({ slot }) => !slot.isTaken)
      .sort(
        (one, other) =>
          Number(other.isOwn) - Number(one.isOwn) ||
          other.saved - one.saved ||
          Number(one.slot.cacheKey !== null) - Number(other.slot.cacheKey !== null) ||
          Number(other.isNeighbour) - Number(one.isNeighbour) ||
          one.slot.usedAt - other.slot.usedAt,
      );
    return ranked[0]?.slot ?? null;
  }
}

/**
 * Tokens that the cache saves for this prompt. 0 where less than half of the cache would stay: a shared system prompt must not cost the
 * longer of two chats its cache.
 */
function savedTokens(cached: readonly Token[], prompt: readonly Token[]): number {
  const common = commonTokens(cached, prompt);
  return common * 2 >= cached.length ? common : 0;
}

/** Of node-llama-cpp's sequence (dist/evaluator/LlamaContext/LlamaContext.js, 3.22); side-by-side.model.test.ts fails if it goes. */
interface SequenceInternals {
  /** Waits until no batch is computed. @returns whether exactly this many tokens are there now */
  _copyStateFromOtherSequence(from: LlamaContextSequence, tokens: number): Promise<boolean>;
}

/**
 * llama.cpp copies the other sequence's whole part of the KV cache, full or not. Computing one token takes as long as copying a few
 * hundred cells of the cache, on cards and processors alike.
 */
const CELLS_COPIED_PER_TOKEN = 512;
/** A step of a few tokens takes about as long as a step of one. */
const LEAST_TOKENS = 8;

const prefixCopies = (contextTokens: number): PrefixCopies<LlamaContextSequence> => ({
  isWorth: tokens => tokens >= LEAST_TOKENS && tokens * CELLS_COPIED_PER_TOKEN >= contextTokens,
  async copy(from, to, tokens) {
    // A cache that cannot drop its last tokens cannot be cut to the common beginning.
    if (to.needsCheckpoints) return;
    const isCopied = await (to as unknown as SequenceInternals)
      ._copyStateFromOtherSequence(from, tokens)
      .catch(() => false);
    if (!isCopied) await to.clearHistory();
  },
});
