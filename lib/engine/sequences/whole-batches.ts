import { setImmediate } from "node:timers/promises";
import type { BatchItem, BatchingOptions, LlamaContext, PrioritizedBatchItem } from "node-llama-cpp";
import { EarlySamples, type NativeContext, type Sample } from "./early-samples";

interface QueuedTokens {
  readonly sequenceId: number;
  readonly afterBatchAction?: (sequenceTokens: number) => Promise<void> | undefined;
}

/**
 * The parts of node-llama-cpp that put batches together (dist/evaluator/LlamaContext/LlamaContext.js, 3.22). The version is fixed in
 * package.json, and whole-batches.model.test.ts fails if a new one differs.
 */
interface ContextInternals {
  readonly _ctx: NativeContext;
  readonly _queuedDecodes: QueuedTokens[];
  _decodeTokens(queued: QueuedTokens, sample: Sample): Promise<unknown>;
}

/**
 * Computes the next token of every answer in the same batch.
 *
 * node-llama-cpp begins the next batch at the moment when the last token of this one is sampled, if another answer has asked by then.
 * The answer of that last token has not, so it misses the batch: two answers took turns instead of sharing batches, and each step read
 * all weights for one token. And as long as answers ask in time, node-llama-cpp keeps the context's lock. A new request that has to forget
 * an older prompt waits for that lock, so it began only when another answer had ended. Now requests that come during a batch wait until
 * all of its answers could ask, and the lock is free between two batches.
 */
export class WholeBatches {
  #isComputing = false;
  #held: (() => void)[] = [];
  #release: Promise<void> | null = null;

  /** For the new context. The strategy is called when a batch is put together. */
  readonly batching: BatchingOptions = {
    itemPrioritizationStrategy: ({ items, size }) => {
      this.#isComputing = true;
      return shareBatch(items, size);
    },
  };

  watch(context: LlamaContext): void {
    const internals = context as unknown as ContextInternals;
    const decode = internals._decodeTokens.bind(context);
    const samples = new EarlySamples(internals._ctx);
    const ask: ContextInternals["_decodeTokens"] = (queued, sample) => {
      const afterBatchAction = (tokens: number) => this.#after(queued.afterBatchAction?.(tokens), internals);
      const decoded = decode({ ...queued, afterBatchAction }, samples.early(queued.sequenceId, sample));
      // llama.cpp computes sequences together only where their numbers follow each other in the batch (llama_batch_allocr::split_equal).
      internals._queuedDecodes.sort((one, other) => one.sequenceId - other.sequenceId);
      // Nothing is called after a batch that failed.
      decoded.catch(() => this.#askHeld());
      return decoded;
    };
    internals._decodeTokens = (queued, sample) =>
      this.#isComputing
        ? new Promise((resolve, reject) => {
            this.#held.push(() => void ask(queued, sample).then(resolve, reject));
          })
        : ask(queued, sample);
  }

  /** Called for each answer of the batch, once it is computed. One turn of the event loop is enough for all to ask again. */
  #after(ownAction: Promise<void> | undefined, { _queuedDecodes: left }: ContextInternals): Promise<void> | undefined {
    this.#release ??= setImmediate().then(() => this.#askHeld());
    // The rest of a long prompt goes on without a pause: the others have to be there by then.
    return left.length > 0 ? Promise.all([ownAction, this.#release]).then(() => {}) : ownAction;
  }

  #askHeld(): void {
    this.#release = null;
    this.#isComputing = false;
    for (const ask of this.#held.splice(0)) ask();
  }
}

/**
 * Equal shares; what a short item leaves goes to the longer ones. So an answer's token never waits for another one's prompt. The order
 * of the items stays.
 */
export function shareBatch(items: readonly BatchItem[], batchTokens: number): PrioritizedBatchItem[] {
  const shortestFirst = [...items].sort((one, other) => one.tokens.length - other.tokens.length);
  const shares = new Map<BatchItem, number>();
  let left = batchTokens;
  for (const [index, item] of shortestFirst.entries()) {
    const share = Math.min(item.tokens.length, Math.floor(left / (shortestFirst.length - index)));
    shares.set(item, share);
    left -= share;
  }
  return items.map(item => ({ item, processAmount: shares.get(item) ?? 0 }));
}
