import { LlamaCompletion, type LlamaModel, type Token } from "node-llama-cpp";
import type { CommandParams } from "@/lib/schema/engine-commands";
import { JobError } from "../job-error";
import type { LoadedModel } from "../model/loaded-model";
import { beginningTokens, refuseHugeText } from "../prompt/prompt-tokens";
import { knownToken } from "../prompt/tokenize-parts";
import { prefill } from "../sequences/prefill";
import { writingSequence } from "../speculation/speculating-sequence";
import { endOf, type Generation, type GenerationListener, isWhole, replyLimit } from "./generate";
import { GenerationTimer } from "./generation-timer";
import { outputForm } from "./output-form";
import { samplingOptions } from "./sampling-options";
import { logprobsOf } from "./token-logprobs";

/** Continues a raw text without a template, for the OpenAI completions route. Same limits and errors as `generate`. */
export async function complete(
  loaded: LoadedModel,
  request: Pick<CommandParams<"complete">, "prompt" | "suffix" | "sampling" | "speculate">,
  listener: GenerationListener,
  signal: AbortSignal,
): Promise<Generation> {
  const { model, context } = loaded;
  const startedMs = performance.now();
  const input = completionInput(model, request, context.contextSize);
  const prompt = [...beginningTokens(model), ...input];
  const limit = replyLimit(prompt.length, context.contextSize, request.sampling.maxTokens);
  const form = await outputForm(model.llama, request.sampling);
  const timer = new GenerationTimer(startedMs, prompt.length);
  const { sequence, release } = await loaded.sequences.take(prompt, null);
  const logprobs = logprobsOf(model, sequence, request.sampling);
  let completion: LlamaCompletion | null = null;
  let pending: Token[] = [];
  try {
    loaded.nextTurns.begin(sequence);
    await loaded.keptKv.begin(sequence, null, prompt);
    timer.prefilled = await prefill(sequence, prompt, loaded.config.batchTokens, listener.onPrefill, signal);
    if (timer.prefilled.aborted) return { reason: "cancelled", stats: timer.stats() };
    const contextSequence = writingSequence(loaded, logprobs?.sequence ?? sequence, request, timer, signal);
    completion = new LlamaCompletion({ contextSequence, autoDisposeSequence: false });
    const { response, metadata } = await completion.generateCompletionWithMeta(input, {
      ...samplingOptions(request.sampling, model),
      ...(form.grammar && { grammar: form.grammar }),
      maxTokens: limit.tokens,
      // The library silently cuts off the start of a prompt that leaves less room than this.
      contextShiftSize: 1,
      disableContextShift: true,
      signal,
      onToken(tokens) {
        timer.count(tokens.length);
        pending.push(...tokens);
      },
      onTextChunk(text) {
        const piece = { text, tokens: pending.length, thought: false };
        listener.onText({ ...piece, ...(logprobs && { logprobs: logprobs.take(pending) }) });
        pending = [];
      },
    });
    if (isWhole(metadata.stopReason)) form.check(response);
    if (metadata.stopReason === "maxTokens") timer.countAll(limit.tokens);
    return { ...endOf(metadata, request.sampling, limit.by), stats: timer.stats() };
  } catch (error) {
    if (signal.aborted) return { reason: "cancelled", stats: timer.stats() };
    throw error;
  } finally {
    completion?.dispose({ disposeSequence: false });
    logprobs?.dispose();
    release();
  }
}

type Request = Pick<CommandParams<"complete">, "prompt" | "suffix">;

/**
 * The tokens of a raw prompt. With a suffix, they ask for what belongs between the two, in the order that llama.cpp's server uses.
 *
 * @throws JobError CONTEXT_EXCEEDED for a huge text, INVALID_INPUT where the vocabulary lacks the tokens for a suffix or an empty prompt
 */
function completionInput(model: LlamaModel, { prompt, suffix = "" }: Request, contextTokens: number): Token[] {
  refuseHugeText(model, [...(typeof prompt === "string" ? [prompt] : []), suffix], contextTokens);
  // Special tokens in a raw prompt are used as such, as in llama.cpp's own server.
  const before =
    typeof prompt === "string" ? model.tokenize(prompt, true) : prompt.map(token => knownToken(model, token));
  if (suffix === "") return before.length > 0 ? before : emptyInput(model);
  const { prefix, suffix: between, middle } = model.tokens.infill;
  if (prefix === null || between === null || middle === null)
    throw new JobError(
      "INVALID_INPUT",
      "suffix needs a model that can fill in a middle: the vocabulary of this one has no tokens for it.",
    );
  return [prefix, ...before, between, ...model.tokenize(suffix), middle];
}

/** llama.cpp computes nothing from no tokens: an answer to nothing begins at the token for the beginning of a text. */
function emptyInput(model: LlamaModel): Token[] {
  if (beginningTokens(model).length > 0) return [];
  if (model.tokens.bos !== null) return [model.tokens.bos];
  throw new JobError(
    "INVALID_INPUT",
    "An empty prompt needs a model whose vocabulary has a token for the beginning of a text, and this one has none.",
  );
}
