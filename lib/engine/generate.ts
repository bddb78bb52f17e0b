import { type ChatHistoryItem, type LLamaChatGenerateResponseOptions, LlamaChat } from "node-llama-cpp";
import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import { toChatHistory } from "./chat-history";
import type { TemplateOptions } from "./chat-template";
import type { LoadedModel } from "./loaded-model";
import { outputForm } from "./output-form";
import { type PrefillResult, prefill } from "./prefill";
import { contextExceeded, refuseHugeText } from "./prompt-tokens";
import { samplingOptions } from "./sampling-options";
import type { TextPiece } from "./text-gatherer";
import { logprobsOf } from "./token-logprobs";

/** llama.cpp needs one cell for the token being computed, and node-llama-cpp would shift the context at the last cell. */
const RESERVED_CELLS = 2;

export interface GenerationListener {
  onPrefill(doneTokens: number, totalTokens: number): void;
  onText(piece: TextPiece): void;
  /** The prompt as the model reads it, if it was asked for. */
  onPrompt(prompt: string): void;
}

export interface Generation {
  readonly reason: FinishReason;
  readonly stats: GenerationStats;
}

/**
 * Answers the last turn, or continues it if it is the assistant's. Counts tokens first: a prompt that cannot fit is refused with
 * both counts (engine.md, trap 12). The reply ends when the context is full, instead of shifting the context (trap 10).
 *
 * @throws JobError CONTEXT_EXCEEDED with promptTokens and contextTokens; INVALID_INPUT for a grammar or schema that cannot be used
 */
export async function generate(
  loaded: LoadedModel,
  request: {
    turns: readonly ChatTurn[];
    sampling: Sampling;
    cacheKey?: string | undefined;
    reportPrompt?: boolean | undefined;
    templateOptions?: TemplateOptions | undefined;
  },
  listener: GenerationListener,
  signal: AbortSignal,
): Promise<Generation> {
  const { model, context } = loaded;
  const template = loaded.template.with(request.templateOptions);
  const startedMs = performance.now();
  const history = toChatHistory(request.turns);
  const texts = request.turns.map(turn => turn.content);
  refuseHugeText(model, texts, context.contextSize);
  const { tokens: prompt, wrapper } = template.prepare(history, model.tokenizer);
  const limit = replyLimit(prompt.length, context.contextSize, request.sampling.maxTokens);
  const form = await outputForm(model.llama, request.sampling);
  const timer = new GenerationTimer(startedMs, prompt.length);
  const { sequence, release } = await loaded.sequences.take(prompt, request.cacheKey ?? null);
  const logprobs = logprobsOf(model, sequence, request.sampling);
  let chat: LlamaChat | null = null;
  let answer = "";
  try {
    if (request.reportPrompt) listener.onPrompt(model.detokenize(prompt, true));
    timer.prefilled = await prefill(sequence, prompt, loaded.config.batchTokens, listener.onPrefill, signal);
    if (timer.prefilled.aborted) return { reason: "cancelled", stats: timer.stats() };
    chat = new LlamaChat({
      contextSequence: logprobs?.sequence ?? sequence,
      chatWrapper: wrapper,
      autoDisposeSequence: false,
    });
    const stopReason = await respond(chat, history, {
      ...samplingOptions(request.sampling, model),
      ...(form.grammar && { grammar: form.grammar }),
      maxTokens: limit.tokens,
      signal,
      stopOnAbortSignal: true,
      onResponseChunk(chunk) {
        timer.count(chunk.tokens.length);
        const { text, tokens, type } = chunk;
        if (type !== "segment") answer += text;
        const piece = { text, tokens: tokens.length, thought: type === "segment" };
        if (text !== "") listener.onText({ ...piece, ...(logprobs && { logprobs: logprobs.take(tokens) }) });
      },
    });
    if (isWhole(stopReason)) form.check(answer);
    if (stopReason === "maxTokens") timer.countAll(limit.tokens);
    return { reason: finishReason(stopReason, limit.by), stats: timer.stats() };
  } catch (error) {
    // Aborted before the first token: there is no reply to return.
    if (signal.aborted) return { reason: "cancelled", stats: timer.stats() };
    throw error;
  } finally {
    chat?.dispose({ disposeSequence: false });
    logprobs?.dispose();
    release();
  }
}

type StopReason = Awaited<ReturnType<LlamaChat["generateResponse"]>>["metadata"]["stopReason"];

const respond = async (
  chat: LlamaChat,
  history: ChatHistoryItem[],
  options: LLamaChatGenerateResponseOptions,
): Promise<StopReason> => (await chat.generateResponse(history, options)).metadata.stopReason;

/** Most tokens of the reply, and whether the caller or the context sets this limit. */
export function replyLimit(
  prompt: number,
  contextTokens: number,
  maxTokens: number,
): { tokens: number; by: "length" | "context" } {
  const room = contextTokens - prompt - RESERVED_CELLS;
  if (room < 1) throw contextExceeded(prompt, contextTokens);
  return maxTokens > 0 && maxTokens <= room ? { tokens: maxTokens, by: "length" } : { tokens: room, by: "context" };
}

export function finishReason(stopReason: StopReason, limitedBy: "length" | "context"): FinishReason {
  if (stopReason === "abort") return "cancelled";
  return stopReason === "maxTokens" ? limitedBy : "stop";
}

/** Whether the model ended its answer, and not a limit, a stop string or the reader. */
export const isWhole = (stopReason: StopReason): boolean =>
  stopReason !== "abort" && stopReason !== "maxTokens" && stopReason !== "customStopTrigger";

/** Counts tokens and measures the times that people compare. */
export class GenerationTimer {
  prefilled: PrefillResult | null = null;
  #generatedTokens = 0;
  #firstTokenMs: number | null = null;

  constructor(
    private readonly startedMs: number,
    private readonly promptLength: number,
  ) {}

  count(tokens: number): void {
    if (tokens === 0) return;
    this.#firstTokenMs ??= performance.now();
    this.#generatedTokens += tokens;
  }

  /** A character that was cut in its middle has no text, so its tokens were not reported. */
  countAll(tokens: number): void {
    this.count(tokens - this.#generatedTokens);
  }

  stats(): GenerationStats {
    const nowMs = performance.now();
    const firstMs = this.#firstTokenMs ?? nowMs;
    const { cachedTokens, computedTokens, startedMs } = this.prefilled ?? noPrefill(this.startedMs);
    // The first token means that the whole prompt was computed. Without it, only prefill's tokens were.
    const prefilledTokens = this.#firstTokenMs === null ? computedTokens : this.promptLength - cachedTokens;
    const perSecond = (tokens: number, ms: number) => (tokens > 0 && ms > 0 ? (tokens / ms) * 1000 : 0);
    return {
      promptTokens: this.promptLength,
      cachedTokens,
      generatedTokens: this.#generatedTokens,
      timeToFirstTokenMs: firstMs - this.startedMs,
      tokensPerSecond: perSecond(this.#generatedTokens - 1, nowMs - firstMs),
      prefillTokensPerSecond: perSecond(prefilledTokens, firstMs - startedMs),
      totalMs: nowMs - this.startedMs,
    };
  }
}

const noPrefill = (startedMs: number): PrefillResult => ({
  cachedTokens: 0,
  computedTokens: 0,
  startedMs,
  aborted: false,
});
