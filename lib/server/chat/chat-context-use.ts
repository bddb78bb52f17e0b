import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { blankMessage, type ContextRequest, type ContextUse } from "@/lib/schema/chat";
import { contextTokensOf } from "@/lib/schema/live-events";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { Settings } from "@/lib/schema/settings/settings";
import type { Planner } from "@/lib/server/planning/planner";
import { sum } from "@/lib/units/sum";
import { countMessages, isUserAt, standingCut } from "./chat-context";
import type { ChatEngine, ChatSettings } from "./chat-engine";
import { fitMessages, neededContextTokens, replyReserveTokens, sentMessages, turnContent } from "./chat-prompt";
import { samplingFor } from "./chat-sampling";
import type { ChatStores } from "./chat-stores";
import { SUMMARY_TOKENS } from "./chat-summary";

interface ContextSources {
  readonly chats: ChatStores;
  readonly host: Pick<ChatEngine, "count" | "snapshot">;
  readonly settings: ChatSettings;
  readonly planner: Pick<Planner, "surfaceFor">;
}

/** Counted by the loaded model. Null while no model is loaded, because counting would load one. */
export async function contextUse(
  chatId: string,
  request: ContextRequest,
  { chats, host, settings, planner }: ContextSources,
): Promise<ContextUse | null> {
  const answering = host.snapshot();
  const contextTokens = contextTokensOf(answering);
  if (contextTokens === null) return null;
  const { config } = answering;
  const current: Settings = await settings.read();
  const store = chats.storeIf(chatId);
  const chat = store?.find(chatId) ?? null;
  const branch = store?.branch(chatId, request.headId) ?? [];
  const cut = standingCut(branch, contextTokens);
  const sent = sentMessages(branch, cut).filter(message => turnContent(message) !== "");
  const draft = draftMessage(request);
  const isEmpty = turnContent(draft) === "";
  const messages = isEmpty ? sent : [...sent, draft];
  const systemPrompt = chat?.systemPrompt ?? request.systemPrompt ?? current.SYSTEM_PROMPT;
  const counted = await countMessages(host, messages, systemPrompt, cut?.summary ?? null);
  const { maxTokens } = samplingFor({ sampling: chat?.sampling ?? {} }, current);
  const reserveTokens = replyReserveTokens(contextTokens, maxTokens);
  const room = { contextTokens, reserveTokens, summaryTokens: 0 };
  // The next question is never dropped. An empty draft counts as a question of no tokens; otherwise a last answer that
  // fills the context would be taken for the draft. A question without an answer is itself the next question.
  const isAsked = !isEmpty || sent.at(-1)?.role === "user";
  const askedTokens = isAsked ? counted.messageTokens : [...counted.messageTokens, 0];
  const { dropMessages } = fitMessages(counted.systemTokens, askedTokens, isUserAt([...sent, draft]), room);
  return {
    contextTokens,
    systemTokens: counted.systemTokens,
    historyTokens: sum(counted.messageTokens.slice(0, sent.length)),
    draftTokens: sum(counted.messageTokens.slice(sent.length)),
    replyReserveTokens: reserveTokens,
    kvBytes: config && (await kvBytesOf(config, current, planner)),
    neededTokens: neededContextTokens(counted.totalTokens, maxTokens),
    overflowingMessages: dropMessages ?? 0,
    overflowingTokens: sum(counted.messageTokens.slice(0, dropMessages ?? 0)),
    summaryTokens: Math.min(SUMMARY_TOKENS, reserveTokens),
    draftTooLong: dropMessages === null,
    ...(counted.isAbout && { isAbout: true }),
  };
}

/** One conversation's part, on all devices together; null when the model's file no longer exists. */
async function kvBytesOf(config: LoadConfig, settings: Settings, planner: ContextSources["planner"]) {
  try {
    const { gpu, ram } = memoryNeed(await planner.surfaceFor(config.modelPath, settings), config);
    return Math.round((gpu.kvBytes + ram.kvBytes) / config.sequences);
  } catch {
    return null;
  }
}

const draftMessage = ({ draft, attachments }: ContextRequest) =>
  blankMessage({ id: "draft", parentId: null, role: "user", status: "complete", text: draft, attachments });
