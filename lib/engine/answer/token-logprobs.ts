import type { LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import type { Sampling } from "@/lib/schema/engine-commands";
import type { TokenLogprob } from "@/lib/schema/generation";

/** What `sampleToken` answers: the token, and the values that were asked for. Logits are pairs of token and value in one list. */
type SampledToken = readonly [
  token: Token,
  probabilities?: number[],
  confidence?: number,
  logits?: number[],
  totalLogitWeight?: number,
];

interface NativeSampler {
  applyConfig(config: { temperature: number; topK: number; topP: number; minP: number; seed: number }): void;
  dispose(): void;
}

type MapLogits = (batchLogitIndex: number, tokenIndex: number) => Promise<unknown>;

/**
 * The parts of node-llama-cpp that LlamaChat does not pass on (dist/evaluator/LlamaContext/LlamaContext.js, 3.22). The version is fixed
 * in package.json, and token-logprobs.model.test.ts fails if a new one differs.
 */
interface SequenceInternals {
  readonly _context: {
    readonly _ctx: {
      sampleToken(
        batchLogitIndex: number,
        sampler: NativeSampler,
        probabilities: boolean,
        confidence: boolean,
        logits: readonly [tokens: readonly Token[], max: boolean, min: boolean, selected: boolean, top: number],
        totalLogitWeight: boolean,
      ): Promise<SampledToken>;
    };
  };
  _decodeTokens(...args: DecodeArguments): Promise<unknown>;
}
type DecodeArguments = [
  tokens: unknown,
  logits: unknown,
  priority: unknown,
  meter: unknown,
  shift: unknown,
  map: MapLogits,
  after: unknown,
];
interface ModelInternals {
  readonly _model: object;
  readonly _llama: { readonly _bindings: { readonly AddonSampler: new (model: object) => NativeSampler } };
}

/** OpenAI's value for a token that cannot come: JSON has no infinity. */
const LEAST_LOGPROB = -9999;

/** The recorder for this request; null when it does not ask for probabilities. */
export const logprobsOf = (
  model: LlamaModel,
  sequence: LlamaContextSequence,
  { topLogprobs }: Sampling,
): LogprobRecorder | null => (topLogprobs === undefined ? null : new LogprobRecorder(model, sequence, topLogprobs));

/**
 * Notes the model's own probability of each token that is sampled. LlamaChat and LlamaCompletion do not report it, so they are given a
 * sequence that looks at the same logits once more, right after each token is chosen. The second look changes nothing: its sampler is
 * its own, without a grammar and without memory.
 */
class LogprobRecorder {
  readonly sequence: LlamaContextSequence;
  readonly #sampler: NativeSampler;
  readonly #recorded: { id: Token; entry: TokenLogprob }[] = [];
  #before: Token[] = [];

  constructor(
    private readonly model: LlamaModel,
    sequence: LlamaContextSequence,
    private readonly topCount: number,
  ) {
    const { _model, _llama } = model as unknown as ModelInternals;
    this.#sampler = new _llama._bindings.AddonSampler(_model);
    // Temperature 0 takes the likeliest of all tokens and cuts none off before.
    this.#sampler.applyConfig({ temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 });
    this.sequence = this.#watched(sequence);
  }

  /** The entries of these tokens, which were sampled in this order. Entries that were skipped belong to no text. */
  take(tokens: readonly Token[]): TokenLogprob[] {
    return tokens.flatMap(token => {
      const at = this.#recorded.findIndex(({ id }) => id === token);
      const found = at < 0 ? undefined : this.#recorded.splice(0, at + 1).at(-1);
      return found === undefined ? [] : [found.entry];
    });
  }

  dispose(): void {
    this.#sampler.dispose();
  }

  /** The same sequence: whatever is changed on it is changed on the original. */
  #watched(sequence: LlamaContextSequence): LlamaContextSequence {
    const internals = sequence as unknown as SequenceInternals;
    const decode = (...[tokens, logits, priority, meter, shift, map, after]: DecodeArguments) =>
      internals._decodeTokens(tokens, logits, priority, meter, shift, this.#recording(internals, map), after);
    return new Proxy(sequence, {
      get: (target, key) => (key === "_decodeTokens" ? decode : Reflect.get(target, key)),
    });
  }

  #recording(internals: SequenceInternals, map: MapLogits): MapLogits {
    return async (batchLogitIndex, tokenIndex) => {
      const sampled = await map(batchLogitIndex, tokenIndex);
      const token: unknown = Array.isArray(sampled) ? sampled[0] : sampled;
      if (typeof token === "number" && token >= 0) await this.#record(internals, batchLogitIndex, token as Token);
      return sampled;
    };
  }

  async #record({ _context }: SequenceInternals, batchLogitIndex: number, id: Token): Promise<void> {
    const wanted = [[id], false, false, false, Math.max(1, this.topCount)] as const;
    const [, , , pairs = [], weight = 1] = await _context._ctx.sampleToken(
      batchLogitIndex,
      this.#sampler,
      false,
      false,
      wanted,
      true,
    );
    const logits = new Map<number, number>();
    for (let at = 0; at + 1 < pairs.length; at += 2) logits.set(pairs[at] ?? 0, pairs[at + 1] ?? 0);
    const greatest = Math.max(...logits.values());
    // `weight` is the sum of e^(logit - greatest) over all tokens.
    const logprobOf = (token: number) =>
      Math.max(LEAST_LOGPROB, (logits.get(token) ?? Number.NEGATIVE_INFINITY) - greatest - Math.log(weight));
    const choice = (token: number) => ({ id: token, token: this.#textOf(token as Token), logprob: logprobOf(token) });
    const likeliest = [...logits.keys()]
      .sort((one, other) => logprobOf(other) - logprobOf(one))
      .slice(0, this.topCount);
    this.#recorded.push({ id, entry: { ...choice(id), top: likeliest.map(choice) } });
    this.#before = [id];
  }

  /** The text after the token before, because some tokenizers drop a space at the beginning of a text. */
  #textOf(token: Token): string {
    return this.model.detokenize([token], true, this.#before);
  }
}
