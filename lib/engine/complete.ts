import { LlamaCompletion } from "node-llama-cpp";
import type { Sampling } from "@/lib/schema/engine-messages";
import {
  finishReason,
  type Generation,
  type GenerationListener,
  GenerationTimer,
  type Generator,
  outputGrammar,
  replyLimit,
  samplingOptions,
} from "./generate";
import { prefill } from "./prefill";

/** Goes on with a raw text, without any template: the OpenAI completions route. Same limits and errors as `generate`. */
export async function complete(
  generator: Generator,
  request: { prompt: string; sampling: Sampling },
  listener: GenerationListener,
  signal: AbortSignal,
): Promise<Generation> {
  const { sequence, batchTokens } = generator;
  const startedMs = performance.now();
  const prompt = sequence.model.tokenize(request.prompt);
  const limit = replyLimit(prompt.length, sequence.contextSize, request.sampling.maxTokens);
  const grammar = await outputGrammar(generator.llama, request.sampling);
  const timer = new GenerationTimer(startedMs, prompt.length);

  timer.prefilled = await prefill(
    sequence,
    prompt,
    batchTokens,
    done => listener.onPrefill(done, prompt.length),
    signal,
  );
  if (timer.prefilled.aborted) return { reason: "cancelled", stats: timer.stats() };

  const completion = new LlamaCompletion({ contextSequence: sequence, autoDisposeSequence: false });
  let pendingTokens = 0;
  try {
    const { budgets: _, ...options } = samplingOptions(request.sampling);
    const { metadata } = await completion.generateCompletionWithMeta(prompt, {
      ...options,
      ...(grammar === undefined ? {} : { grammar }),
      maxTokens: limit.tokens,
      signal,
      onToken(tokens) {
        timer.count(tokens.length);
        pendingTokens += tokens.length;
      },
      onTextChunk(text) {
        listener.onText(text, pendingTokens, false);
        pendingTokens = 0;
      },
    });
    return { reason: finishReason(metadata.stopReason, limit.by), stats: timer.stats() };
  } catch (error) {
    if (signal.aborted) return { reason: "cancelled", stats: timer.stats() };
    throw error;
  } finally {
    completion.dispose({ disposeSequence: false });
  }
}
