import { LlamaCompletion, type Token } from "node-llama-cpp";
import type { CommandParams } from "@/lib/schema/engine-commands";
import { completionInput } from "./completion-input";
import { endOf, type Generation, type GenerationListener, isWhole, replyLimit } from "./generate";
import { GenerationTimer } from "./generation-timer";
import type { LoadedModel } from "./loaded-model";
import { outputForm } from "./output-form";
import { prefill } from "./prefill";
import { beginningTokens } from "./prompt-tokens";
import { samplingOptions } from "./sampling-options";
import { writingSequence } from "./speculation/speculating-sequence";
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
