import { type LLamaChatGenerateResponseOptions, LlamaChat, type LlamaGrammar } from "node-llama-cpp";
import type { CommandParams, Sampling } from "@/lib/schema/engine-commands";
import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import type { LoadedModel } from "../model/loaded-model";
import { toChatHistory } from "../prompt/chat-history";
import type { PreparedPrompt } from "../prompt/chat-template";
import { computeAhead, nextTurnTokens } from "../prompt/next-turn";
import { contextExceeded, refuseHugeText } from "../prompt/prompt-tokens";
import { prefill } from "../sequences/prefill";
import { writingSequence } from "../speculation/speculating-sequence";
import type { TextPiece } from "../text-gatherer";
import { type CallPiece, CallReader } from "../tools/call-reader";
import { type CallPlan, type ToolRequest, toolPlan } from "../tools/tool-plan";
import { GenerationTimer } from "./generation-timer";
import { outputForm } from "./output-form";
import { samplingOptions } from "./sampling-options";
import { logprobsOf } from "./token-logprobs";

/** llama.cpp needs one cell for the token being computed, and node-llama-cpp would shift the context at the last cell. */
const RESERVED_CELLS = 2;

export interface GenerationListener {
  onPrefill(doneTokens: number, totalTokens: number): void;
  onText(piece: TextPiece): void;
  onCall(piece: CallPiece): void;
  /** The prompt as the model reads it, if it was asked for. */
  onPrompt(prompt: string): void;
}

export interface Generation {
  readonly reason: FinishReason;
  /** The request's stop string that ended the answer. */
  readonly stopString?: string;
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
  request: ToolRequest &
    Pick<CommandParams<"generate">, "sampling" | "cacheKey" | "keepKvIn" | "speculate" | "reportPrompt">,
  listener: GenerationListener,
  signal: AbortSignal,
): Promise<Generation> {
  const { model, context } = loaded;
  const template = loaded.template.with(request.templateOptions);
  const startedMs = performance.now();
  const texts = request.turns.map(turn => turn.content);
  refuseHugeText(model, texts, context.contextSize);
  const plan = await toolPlan(loaded, request);
  const start =
    plan === null ? template.prepare(toChatHistory(request.turns), loaded.tokenizer) : template.after(plan.prompt);
  const { tokens: prompt } = start;
  const limit = replyLimit(prompt.length, context.contextSize, request.sampling.maxTokens);
  const form = await outputForm(model.llama, request.sampling);
  const timer = new GenerationTimer(startedMs, prompt.length);
  const { sequence, release } = await loaded.sequences.take(prompt, request.cacheKey ?? null);
  const logprobs = logprobsOf(model, sequence, request.sampling);
  const contextSequence = writingSequence(loaded, logprobs?.sequence ?? sequence, request, timer, signal);
  const keptChat = keptChatOf(request);
  let chat: LlamaChat | undefined;
  const endChat = () => chat?.dispose({ disposeSequence: false });
  let answer = "";
  let nextTurn: ((aborted: AbortSignal) => Promise<void>) | null = null;
  try {
    if (request.reportPrompt) listener.onPrompt(model.detokenize(prompt, true));
    loaded.nextTurns.begin(sequence);
    await loaded.keptKv.begin(sequence, keptChat, prompt);
    timer.prefilled = await prefill(sequence, prompt, loaded.config.batchTokens, listener.onPrefill, signal);
    if (timer.prefilled.aborted) return { reason: "cancelled", stats: timer.stats() };
    const write = async ({ wrapper, history }: PreparedPrompt, own: LLamaChatGenerateResponseOptions) => {
      endChat();
      chat = new LlamaChat({ contextSequence, chatWrapper: wrapper, autoDisposeSequence: false });
      const { metadata } = await chat.generateResponse(history, {
        ...samplingOptions(request.sampling, model),
        maxTokens: limit.tokens - timer.generatedTokens,
        signal,
        stopOnAbortSignal: true,
        ...own,
      });
      return metadata;
    };
    const writeText = () =>
      write(start, {
        ...textOptions(request.sampling, form.grammar, plan?.calls ?? null),
        onResponseChunk(chunk) {
          timer.count(chunk.tokens.length);
          const { text, tokens, type } = chunk;
          if (type !== "segment") answer += text;
          const piece = { text, tokens: tokens.length, thought: type === "segment" };
          if (text !== "") listener.onText({ ...piece, ...(logprobs && { logprobs: logprobs.take(tokens) }) });
        },
      });
    const writeCalls = async ({ format, grammar, check }: CallPlan, from: PreparedPrompt) => {
      const reader = new CallReader(format);
      const ending = await write(from, {
        grammar,
        customStopTriggers: [],
        onResponseChunk(chunk) {
          timer.count(chunk.tokens.length);
          for (const piece of reader.read(chunk.text)) listener.onCall(piece);
        },
      });
      if (isWhole(ending.stopReason)) check(reader.calls);
      return ending;
    };

    const calls = plan?.calls ?? null;
    let ending = calls?.isForced ? await writeCalls(calls, start) : await writeText();
    const isCalling = calls !== null && !calls.isForced && isTrigger(ending, request.sampling.stop);
    if (isCalling)
      ending = await writeCalls(calls, template.after(calls.promptAfter(sequence.contextTokens, prompt.length)));
    else if (!calls?.isForced && isWhole(ending.stopReason)) form.check(answer);
    if (ending.stopReason === "maxTokens") timer.countAll(limit.tokens);
    // With tools, a call's result may follow. A cache that cannot drop its last tokens keeps what it has.
    if (plan === null && !sequence.needsCheckpoints)
      nextTurn = aborted =>
        computeAhead(sequence, nextTurnTokens(loaded.tokenizer, template, request.turns, answer), aborted);
    return { ...endOf(ending, request.sampling, limit.by), stats: timer.stats() };
  } catch (error) {
    // Aborted before the first token: there is no reply to return.
    if (signal.aborted) return { reason: "cancelled", stats: timer.stats() };
    throw error;
  } finally {
    endChat();
    logprobs?.dispose();
    release();
    loaded.keptKv.end(sequence, keptChat);
    loaded.nextTurns.end(sequence, nextTurn);
  }
}

const keptChatOf = ({ cacheKey, keepKvIn }: Pick<CommandParams<"generate">, "cacheKey" | "keepKvIn">) =>
  cacheKey === undefined || keepKvIn === undefined ? null : { chatId: cacheKey, folder: keepKvIn };

type Ending = Awaited<ReturnType<LlamaChat["generateResponse"]>>["metadata"];
type StopReason = Ending["stopReason"];

/** What a text may look like, and what ends it. With tools, a call ends it too. */
const textOptions = ({ stop }: Sampling, grammar: LlamaGrammar | undefined, calls: CallPlan | null) => {
  const form = calls?.textGrammar ?? grammar;
  return { ...(form && { grammar: form }), customStopTriggers: [...stop, ...(calls?.triggers ?? [])] };
};

/** Whether a call ended the text, and not one of the request's own stop strings. */
const isTrigger = (ending: Ending, stop: readonly string[]): boolean =>
  ending.stopReason === "customStopTrigger" && stopStringOf(ending, stop) === undefined;

const stopStringOf = (ending: Ending, stop: readonly string[]): string | undefined =>
  ending.stopReason === "customStopTrigger" ? stop.find(text => text === ending.customStopTrigger.join("")) : undefined;

/** Why an answer ended, and the stop string that ended it. */
export function endOf(
  ending: Ending,
  { stop }: Sampling,
  limitedBy: "length" | "context",
): Pick<Generation, "reason" | "stopString"> {
  const stopString = stopStringOf(ending, stop);
  return { reason: finishReason(ending.stopReason, limitedBy), ...(stopString !== undefined && { stopString }) };
}

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

function finishReason(stopReason: StopReason, limitedBy: "length" | "context"): FinishReason {
  if (stopReason === "abort") return "cancelled";
  return stopReason === "maxTokens" ? limitedBy : "stop";
}

/** Whether the model ended its answer, and not a limit, a stop string or the reader. */
export const isWhole = (stopReason: StopReason): boolean =>
  stopReason !== "abort" && stopReason !== "maxTokens" && stopReason !== "customStopTrigger";
