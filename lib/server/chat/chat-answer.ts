import type { ChatMessage, Overflow, ReplyStats } from "@/lib/schema/chat";
import type { CommandAnswer, CommandParams } from "@/lib/schema/engine-commands";
import { contextTokensOf, type EngineSnapshot } from "@/lib/schema/live-events";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { errorCodeOf } from "@/lib/server/system/error-table";
import { preparePrompt } from "./chat-context";
import type { ChatEngine, ChatSettings } from "./chat-engine";
import type { ChatRun } from "./chat-run";
import { samplingFor } from "./chat-sampling";
import type { ChatStore } from "./chat-store";

export interface AnswerInput {
  readonly run: ChatRun;
  readonly store: ChatStore;
  readonly engine: ChatEngine;
  readonly settings: ChatSettings;
  /** For this answer only. */
  readonly overflow: Overflow | undefined;
  /** The engine was asked: it answers, or the request waits in its queue. */
  readonly onAsked: () => void;
}

/**
 * Makes one answer: loads what has to be loaded, fits the conversation into the context, generates.
 *
 * @throws the error that prevented it from ending; the text so far is in the run
 */
export async function answerChat(input: AnswerInput): Promise<ReplyStats> {
  const { run, engine } = input;
  run.sendStatus({ phase: "loading" });
  for (;;) {
    await engine.ensureLoaded(run.signal);
    const contextTokens = contextTokensOf(engine.snapshot());
    try {
      return await answerOnce(input);
    } catch (error) {
      // A model with a smaller context was loaded while this answer waited for its turn: what fitted has to be fitted again.
      const isOutdated = contextTokensOf(engine.snapshot()) !== contextTokens;
      if (errorCodeOf(error) !== "CONTEXT_EXCEEDED" || !isOutdated) throw error;
    }
  }
}

async function answerOnce(input: AnswerInput): Promise<ReplyStats> {
  const { run, store, engine, settings, overflow } = input;
  const current = await settings.read();
  const chat = store.read(run.chatId);
  const branch = store.branch(run.chatId, run.replyId);
  const sampling = samplingFor(chat, current);
  const { turns, cut } = await preparePrompt({
    branch,
    systemPrompt: chat.systemPrompt ?? current.SYSTEM_PROMPT,
    maxTokens: sampling.maxTokens,
    overflow: overflow ?? chat.overflow,
    engine,
    run,
  });
  if (cut) store.writeCut(run.replyId, cut);
  const finished = await streamReply(input, { turns, sampling, cacheKey: chat.id });
  return replyStats(finished, engine.snapshot(), branch.at(-1)?.stats ?? null);
}

async function streamReply(
  { run, engine, onAsked }: AnswerInput,
  request: CommandParams<"generate">,
): Promise<CommandAnswer<"generate">> {
  const fill = new ContextFill(run);
  for await (const message of engine.generate(request, run.signal)) {
    onAsked();
    if (message.type === "finished") return message;
    fill.take(message);
    if (message.type === "text") run.write(message.text, message.thought);
  }
  throw new Error("The engine ended an answer without saying why.");
}

/** A meter does not need to show every step. */
const FILL_EVERY_MS = 200;

/** Reports how many are answered first, then how full the context gets while the prompt is read and the answer is written. */
class ContextFill {
  #usedTokens = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly run: ChatRun) {}

  take(message: GenerationMessage): void {
    if (message.type === "queued") {
      this.run.sendStatus({ phase: "queued", position: message.position });
      return;
    }
    if (message.type === "prefill") {
      const { doneTokens, totalTokens } = message;
      this.#usedTokens = totalTokens;
      this.run.sendStatus({ phase: "prefill", doneTokens, totalTokens });
      return;
    }
    if (message.type !== "text") return;
    this.#usedTokens += message.tokens;
    if (performance.now() - this.#reportedAtMs < FILL_EVERY_MS) return;
    this.#reportedAtMs = performance.now();
    this.run.sendStatus({ phase: "generating", usedTokens: this.#usedTokens });
  }
}

/** A continued answer counts the tokens it had before as well. */
function replyStats(
  { stats, reason }: CommandAnswer<"generate">,
  engine: EngineSnapshot,
  before: ChatMessage["stats"],
): ReplyStats {
  return {
    ...stats,
    generatedTokens: stats.generatedTokens + (before?.generatedTokens ?? 0),
    finishReason: reason,
    modelName: engine.modelName ?? "unknown",
    gpuLayers: engine.config?.gpuLayers ?? 0,
    totalLayers: engine.totalLayers ?? 0,
    contextTokens: contextTokensOf(engine) ?? 0,
    kvType: engine.config?.kvType ?? "f16",
    ...(engine.other && { engineName: engine.other.engineName }),
  };
}
