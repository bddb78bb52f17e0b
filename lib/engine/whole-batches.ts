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
 * node-llama-cpp begins the next batch at the moment when the last token of this one is sampled. The answer of that token has not asked
 * for its next one yet, so it misses the batch and is computed after it: two answers took turns instead of sharing batches, and each
 * step read all weights for one token. One turn of the event loop between two batches is enough for every answer to ask.
 */
export class WholeBatches {
  #haveAllAsked = false;

  /** For the new context. The strategy is called when a batch is put together. */
  readonly batching: BatchingOptions = {
    itemPrioritizationStrategy: ({ items, size }) => {
      this.#haveAllAsked = false;
      return shareBatch(items, size);
    },
  };

  watch(context: LlamaContext): void {
    const internals = context as unknown as ContextInternals;
    const decode = internals._decodeTokens.bind(context);
    const samples = new EarlySamples(internals._ctx);
    internals._decodeTokens = (queued, sample) => {
      const decoded = decode(
        { ...queued, afterBatchAction: tokens => this.#after(queued.afterBatchAction?.(tokens)) },
        samples.early(queued.sequenceId, sample),
      );
      // llama.cpp computes sequences together only where their numbers follow each other in the batch (llama_batch_allocr::split_equal).
      internals._queuedDecodes.sort((one, other) => one.sequenceId - other.sequenceId);
      return decoded;
    };
  }

  /** Called once for each answer of the batch. Only the first one has to wait. */
  async #after(ownAction: Promise<void> | undefined): Promise<void> {
    await ownAction;
    if (this.#haveAllAsked) return;
    this.#haveAllAsked = true;
    await setImmediate();
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
