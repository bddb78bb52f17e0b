import type { LlamaContextSequence, SequenceEvaluateOptions, Token } from "node-llama-cpp";
import type { CommandParams } from "@/lib/schema/engine-commands";
import type { SequencePool } from "../sequences/sequence-pool";
import type { DraftModel } from "./draft-model";
import { DraftPace } from "./draft-pace";
import type { Guesser } from "./guesser";
import { PromptLookup } from "./prompt-lookup";

interface NativeSampler {
  applyConfig(config: object): void;
  dispose(): void;
}

type LoadedPrediction = readonly [token: Token, result: readonly [Token]];

/**
 * The parts of node-llama-cpp's sequence that `evaluate` is made of (dist/evaluator/LlamaContext/LlamaContext.js, 3.22). The version is
 * fixed in package.json, and speculation.model.test.ts fails if a new one differs.
 */
interface SequenceInternals {
  /** Tokens in the cache that the reader has not got yet. Whatever else is done with the sequence first removes them. */
  readonly _loadedTokenPredictions: LoadedPrediction[];
  readonly _context: {
    readonly _ctx: { sampleToken(batchLogitIndex: number, sampler: NativeSampler): Promise<Token | -1> };
  };
  readonly _contextShift: { readonly size: unknown; readonly strategy: unknown };
  readonly _tokenMeter: unknown;
  _nextTokenIndex: number;
  _resolveSamplerConfig(options: SequenceEvaluateOptions): object;
  _decodeTokens(
    tokens: readonly Token[],
    logits: readonly (true | undefined)[],
    priority: number | undefined,
    meter: unknown,
    shift: unknown,
    map: (batchLogitIndex: number, tokenIndex: number) => Promise<Token | null>,
  ): Promise<unknown>;
  _eraseContextTokenRanges(
    ranges: readonly { start: number; end: number }[],
    options: { canResetTokenPredictor: boolean; canRemovePredictionTokens: boolean; skipLock: boolean },
  ): Promise<void>;
  _abortTokenPredictor(): Promise<void>;
}
interface ModelInternals {
  readonly _model: object;
  readonly _llama: { readonly _bindings: { readonly AddonSampler: new (model: object) => NativeSampler } };
}

interface DraftCounter {
  countDraft(tokens: number, right: number): void;
}
interface Watch {
  isAlone(): boolean;
  readonly guesser: Guesser;
  readonly counter: DraftCounter;
}

/** Room that stays in the context: at its end, node-llama-cpp would shift it. */
const RESERVED_CELLS = 2;

/**
 * The sequence that an answer is written on: the given one, or one that speculates where the request asks for it and it can change
 * nothing but the speed. An answer with penalties for repeating is not speculated, because they depend on each token before; nor is one of a
 * model whose cache cannot drop its last tokens (recurrent state, sliding window), because node-llama-cpp would compute them again.
 */
export function writingSequence(
  { sequences, draft }: { readonly sequences: SequencePool; readonly draft: DraftModel | null },
  sequence: LlamaContextSequence,
  { speculate = false, sampling }: Pick<CommandParams<"complete">, "speculate" | "sampling">,
  counter: DraftCounter,
  signal: AbortSignal,
): LlamaContextSequence {
  const { repeatPenalty, presencePenalty, frequencyPenalty } = sampling;
  const hasPenalty = repeatPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
  if (!speculate || hasPenalty || sequence.needsCheckpoints) return sequence;
  // Beside other answers, their tokens fill the step better than guesses.
  const guesser = draft?.guesser(signal) ?? new PromptLookup();
  return speculatingSequence(sequence, { isAlone: () => sequences.takenCount === 1, guesser, counter });
}

/**
 * The same sequence, with an `evaluate` that guesses the next tokens and checks all of them in one step. A step costs little more than
 * one token where memory is the limit, so each right guess is nearly free.
 *
 * The answer is the one that would have been written without it: a token is sampled from the same logits, with the same grammar and the
 * same random numbers, and only as long as the guesses before it were right. node-llama-cpp's own speculation (3.22.1) accepts at most one
 * token a step, and draws random numbers for tokens that it throws away.
 */
function speculatingSequence(sequence: LlamaContextSequence, watch: Watch): LlamaContextSequence {
  const evaluate = (tokens: Token[], options: SequenceEvaluateOptions = {}) =>
    evaluateWithGuesses(sequence, tokens, options, watch);
  return new Proxy(sequence, { get: (target, key) => (key === "evaluate" ? evaluate : Reflect.get(target, key)) });
}

async function* evaluateWithGuesses(
  sequence: LlamaContextSequence,
  tokens: Token[],
  options: SequenceEvaluateOptions,
  { isAlone, guesser, counter }: Watch,
): AsyncGenerator<Token, void, undefined | Token | Token[]> {
  const internals = sequence as unknown as SequenceInternals;
  const { _model, _llama } = sequence.model as unknown as ModelInternals;
  const sampler = new _llama._bindings.AddonSampler(_model);
  const pace = new DraftPace();
  try {
    await internals._abortTokenPredictor();
    guesser.push([...sequence.contextTokens, ...tokens]);
    let evaluated = tokens;
    for (;;) {
      const room = sequence.context.contextSize - RESERVED_CELLS - sequence.nextTokenIndex - evaluated.length;
      const draft = isAlone() ? await guesser.guess(Math.min(pace.next(), Math.max(0, room))) : [];
      const sampled = await step(sequence, evaluated, draft, sampler, options);
      pace.judge(draft.length, sampled.length - 1);
      if (draft.length > 0) counter.countDraft(draft.length, sampled.length - 1);
      evaluated = [];
      for (const token of sampled) {
        if (options.yieldEogToken !== true && sequence.model.isEogToken(token)) return;
        const replaced = yield token;
        // What was yielded before is now part of the text.
        evaluated = replaced === undefined ? [token] : [replaced].flat();
        guesser.push(evaluated);
        if (evaluated.length !== 1 || evaluated[0] !== token) {
          await internals._abortTokenPredictor();
          break;
        }
        internals._loadedTokenPredictions.shift();
      }
    }
  } finally {
    sampler.dispose();
    await internals._abortTokenPredictor();
  }
}

/** Computes the tokens and the draft. @returns the token that follows, and for each draft token that was right the one after it */
async function step(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  draft: readonly Token[],
  sampler: NativeSampler,
  options: SequenceEvaluateOptions,
): Promise<Token[]> {
  const internals = sequence as unknown as SequenceInternals;
  const sampled: Token[] = [];
  const first = tokens.length - 1;
  const batch = [...tokens, ...draft];
  const wanted = batch.map((_, index) => (index >= first ? (true as const) : undefined));
  const { evaluationPriority, contextShift } = options;
  const { size = internals._contextShift.size, strategy = internals._contextShift.strategy } = contextShift ?? {};
  await internals._decodeTokens(
    batch,
    wanted,
    evaluationPriority,
    internals._tokenMeter,
    { size, strategy },
    // Called in the order of the tokens, one after the other.
    async (batchLogitIndex, index) => {
      const guessed = index === first ? undefined : batch[index];
      if (index > first && (sampled.length !== index - first || guessed !== sampled.at(-1) || isEnd(sequence, sampled)))
        return null;
      sampler.applyConfig(internals._resolveSamplerConfig(options));
      const token = await internals._context._ctx.sampleToken(batchLogitIndex, sampler);
      if (token === -1) return null;
      sampled.push(token);
      return token;
    },
  );
  if (sampled.length === 0) throw new Error("Failed to sample next token");
  await keepDraft(internals, draft, sampled.length - 1);
  return sampled;
}

const isEnd = (sequence: LlamaContextSequence, sampled: readonly Token[]): boolean =>
  sampled.some(token => sequence.model.isEogToken(token));

/** The wrong rest of the draft leaves the cache. The right part stays, as tokens that the reader has not got yet. */
async function keepDraft(internals: SequenceInternals, draft: readonly Token[], right: number): Promise<void> {
  const end = internals._nextTokenIndex;
  const wrong = draft.length - right;
  if (wrong > 0)
    await internals._eraseContextTokenRanges([{ start: end - wrong, end }], {
      canResetTokenPredictor: false,
      canRemovePredictionTokens: false,
      skipLock: true,
    });
  internals._loadedTokenPredictions.push(...draft.slice(0, right).map((token): LoadedPrediction => [token, [token]]));
}
