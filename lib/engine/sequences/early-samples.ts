/** Samples the token that follows one of the batch's. */
export type Sample = (placeInBatch: number, placeInSequence: number) => unknown;

/** The addon's context in node-llama-cpp 3.22. */
export interface NativeContext {
  addToBatch(sequenceId: number, firstPlace: number, tokens: Uint32Array, sampledAfter: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
}

/** The tokens of one answer that wait for a batch, or are in it. */
interface Waiting {
  readonly sample: Sample;
  places: [inBatch: number, inSequence: number] | null;
  sampled: Promise<unknown> | null;
}

/**
 * Queues the sampling right behind the batch that it needs, instead of when JavaScript hears that the batch is done. The engine process
 * has one thread for both (UV_THREADPOOL_SIZE), so they run in this order, and the thread goes on without a turn through JavaScript.
 * What a sampler considers (the tokens before, the grammar) is known before the batch.
 */
export class EarlySamples {
  readonly #waiting = new Map<number, Waiting>();

  constructor(native: NativeContext) {
    if (process.env.UV_THREADPOOL_SIZE !== "1") return;
    const addToBatch = native.addToBatch.bind(native);
    const decodeBatch = native.decodeBatch.bind(native);
    // The addon's own methods are read-only.
    Object.defineProperties(native, {
      addToBatch: {
        value: (...added: Parameters<NativeContext["addToBatch"]>) => this.#note(added, addToBatch(...added)),
      },
      decodeBatch: {
        value: () => {
          const decoded = decodeBatch();
          for (const waiting of this.#waiting.values()) sampleNow(waiting);
          return decoded;
        },
      },
    });
  }

  early(sequenceId: number, sample: Sample): Sample {
    const waiting: Waiting = { sample, places: null, sampled: null };
    this.#waiting.set(sequenceId, waiting);
    return (...places) => waiting.sampled ?? sample(...places);
  }

  /** An item of which several tokens are sampled is left alone: each of them may depend on the one before. */
  #note(
    [sequenceId, firstPlace, , sampledAfter]: Parameters<NativeContext["addToBatch"]>,
    places: Uint32Array,
  ): Uint32Array {
    const waiting = this.#waiting.get(sequenceId);
    const [inBatch, second] = places;
    const [index] = sampledAfter;
    if (waiting !== undefined && inBatch !== undefined && second === undefined && index !== undefined)
      waiting.places = [inBatch, firstPlace + index];
    return places;
  }
}

function sampleNow(waiting: Waiting): void {
  const { places, sample } = waiting;
  if (places === null) return;
  waiting.places = null;
  // As a promise even if it throws at once: the batch is being computed, and its own failure comes first.
  const sampled = (async () => sample(...places))();
  // Nobody asks for the samples of a batch that failed.
  sampled.catch(() => {});
  waiting.sampled = sampled;
}
