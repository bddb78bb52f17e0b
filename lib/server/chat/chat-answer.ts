import { type JSONValue, streamText, type UIMessageChunk } from "ai";
import type { Chat, ChatMessage, Overflow, ReplyStats, RunChunk } from "@/lib/schema/chat";
import type { ChatTurn, EngineMessage } from "@/lib/schema/engine-commands";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { preparePrompt } from "./chat-context";
import type { ChatEngine, ChatSettings } from "./chat-engine";
import type { ChatRun } from "./chat-run";
import { type ChatSampling, samplingFor } from "./chat-sampling";
import type { ChatStore } from "./chat-store";
import { type EngineLanguageModelOptions, engineLanguageModel, type HeadroomOptions } from "./engine-language-model";

type Finished = Extract<EngineMessage, { type: "finished" }>;

export interface AnswerInput {
  readonly run: ChatRun;
  readonly store: ChatStore;
  readonly engine: ChatEngine;
  readonly settings: ChatSettings;
  /** For this answer only. */
  readonly overflow: Overflow | undefined;
}

/**
 * Makes one answer: loads what has to be loaded, fits the conversation into the context, generates.
 *
 * @throws whatever kept it from ending; the text so far is in the run
 */
export async function answerChat({ run, store, engine, settings, overflow }: AnswerInput): Promise<ReplyStats> {
  run.tell({ phase: "loading" });
  await engine.ensureLoaded(run.signal);
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
  const finished = await streamReply(run, engine, chat, turns, sampling);
  return replyStats(finished, engine.snapshot(), branch.at(-1)?.stats ?? null);
}

async function streamReply(
  run: ChatRun,
  engine: ChatEngine,
  chat: Chat,
  turns: readonly ChatTurn[],
  sampling: ChatSampling,
): Promise<Finished> {
  let finished: Finished | undefined;
  let failure: unknown;
  const [first] = turns;
  const system = first?.role === "system" ? first.content : undefined;
  const result = streamText({
    model: engineLanguageModel({
      engine,
      modelId: engine.snapshot().modelName ?? "local",
      signal: run.signal,
      ...fillOf(run),
      onFinished: message => {
        finished = message;
      },
    }),
    ...(system !== undefined && { system }),
    messages: turns.flatMap(({ role, content }) => (role === "system" ? [] : [{ role, content }])),
    ...callSettings(sampling, chat.id),
    maxRetries: 0,
    onError: ({ error }) => {
      failure = error;
    },
  });
  for await (const chunk of result.toUIMessageStream({ sendStart: false, sendFinish: false })) {
    const own = runChunk(chunk);
    if (own) run.send(own);
  }
  if (failure !== undefined) throw failure;
  if (!finished) throw new Error("The engine ended an answer without saying why.");
  return finished;
}

/** A meter moves; nobody counts its steps. */
const FILL_EVERY_MS = 200;

/** Tells how full the context gets while the prompt is read and the answer written. */
function fillOf(run: ChatRun): Pick<EngineLanguageModelOptions, "onPrefill" | "onText"> {
  let usedTokens = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return {
    onPrefill: ({ doneTokens, totalTokens }) => {
      usedTokens = totalTokens;
      run.tell({ phase: "prefill", doneTokens, totalTokens });
    },
    onText: ({ tokens }) => {
      usedTokens += tokens;
      if (performance.now() - toldAtMs < FILL_EVERY_MS) return;
      toldAtMs = performance.now();
      run.tell({ phase: "generating", usedTokens });
    },
  };
}

function callSettings(sampling: ChatSampling, chatId: string) {
  const { temperature, topK, topP, seed, maxTokens, stop, ...own } = sampling;
  const headroom: HeadroomOptions & Record<string, JSONValue> = { ...own, cacheKey: chatId };
  return {
    temperature,
    topK,
    topP,
    stopSequences: [...stop],
    ...(seed !== null && { seed }),
    ...(maxTokens > 0 && { maxOutputTokens: maxTokens }),
    providerOptions: { headroom },
  };
}

/** The chunks that carry the answer; the run speaks about beginning, end and errors itself. */
function runChunk(chunk: UIMessageChunk): RunChunk | null {
  switch (chunk.type) {
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "reasoning-end":
      return { type: chunk.type, id: chunk.id };
    case "text-delta":
    case "reasoning-delta":
      return { type: chunk.type, id: chunk.id, delta: chunk.delta };
    default:
      return null;
  }
}

/** A continued answer counts the tokens it had before as well. */
function replyStats({ stats, reason }: Finished, engine: EngineSnapshot, before: ChatMessage["stats"]): ReplyStats {
  return {
    ...stats,
    generatedTokens: stats.generatedTokens + (before?.generatedTokens ?? 0),
    finishReason: reason,
    modelName: engine.modelName ?? "unknown",
    gpuLayers: engine.config?.gpuLayers ?? 0,
    totalLayers: engine.totalLayers ?? 0,
    contextTokens: engine.config?.contextTokens ?? 0,
    kvType: engine.config?.kvType ?? "f16",
  };
}
