import { type ChatMessage, type ContextCut, isPicture, type Overflow } from "@/lib/schema/chat";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { noPicturesWords } from "@/lib/schema/engines/no-pictures-words";
import { contextTokensOf, type EngineSnapshot, takesPictures } from "@/lib/schema/live-events";
import type { ChatEngine } from "./chat-engine";
import { ChatInputError, ContextExceededError } from "./chat-errors";
import { fitMessages, promptTurns, replyReserveTokens, sentMessages, turnContent } from "./chat-prompt";
import type { ChatRun } from "./chat-run";
import { SUMMARY_TOKENS, summarise } from "./chat-summary";

interface PromptInput {
  /** From the first message to the pending answer. */
  readonly branch: readonly ChatMessage[];
  readonly systemPrompt: string;
  readonly maxTokens: number;
  readonly overflow: Overflow;
  readonly engine: ChatEngine;
  readonly run: ChatRun;
}

/**
 * The turns that are sent, and what was left out to make them fit.
 *
 * @throws ContextExceededError when it does not fit and the user has not chosen what to leave out
 */
export async function preparePrompt(input: PromptInput): Promise<{ turns: ChatTurn[]; cut: ContextCut | null }> {
  const { branch, systemPrompt, maxTokens, overflow, engine, run } = input;
  const snapshot = engine.snapshot();
  refuseUnseen(branch, snapshot);
  const contextTokens = contextTokensOf(snapshot) ?? 0;
  const before = standingCut(branch, contextTokens);
  const sent = sentMessages(branch, before).filter(message => turnContent(message) !== "");
  const counted = await countMessages(engine, sent, systemPrompt, before?.summary ?? null);
  const reserveTokens = replyReserveTokens(contextTokens, maxTokens);
  const summaryTokens = overflow === "summarise" ? Math.min(SUMMARY_TOKENS, reserveTokens) : 0;
  const { fits, dropMessages } = fitMessages(counted.systemTokens, counted.messageTokens, isUserAt(sent), {
    contextTokens,
    reserveTokens,
    summaryTokens,
  });
  if (fits) return { turns: counted.turns, cut: before };
  if (overflow === "ask" || dropMessages === null) {
    throw new ContextExceededError(counted.totalTokens + reserveTokens, contextTokens, dropMessages ?? 0);
  }
  const kept = sent.slice(dropMessages);
  const [first] = kept;
  if (!first) throw new ContextExceededError(counted.totalTokens + reserveTokens, contextTokens, 0);
  const onPosition = (position: number | null) =>
    run.sendStatus(position === null ? { phase: "summarising" } : { phase: "queued", position });
  if (overflow === "summarise") onPosition(null);
  const dropped = sent.slice(0, dropMessages);
  const summary =
    overflow === "summarise"
      ? await summarise({
          engine,
          dropped,
          before: before?.summary ?? null,
          contextTokens,
          summaryTokens,
          signal: run.signal,
          onPosition,
        })
      : (before?.summary ?? null);
  const cut = { fromMessageId: first.id, droppedMessages: branch.indexOf(first), summary };
  return { turns: promptTurns(kept, systemPrompt, summary), cut };
}

/** A question about a picture needs an engine that sees it. Pictures of earlier questions are only named then. */
function refuseUnseen(branch: readonly ChatMessage[], snapshot: EngineSnapshot): void {
  const asked = branch.findLast(({ role }) => role === "user");
  if (takesPictures(snapshot) || !asked?.attachments.some(isPicture)) return;
  throw new ChatInputError(`The message has a picture, and ${noPicturesWords(snapshot)}`);
}

/** What earlier answers left out stays out; otherwise the cached prefix would be lost. A larger context takes it back in. */
export function standingCut(branch: readonly ChatMessage[], contextTokens: number): ContextCut | null {
  const latest = branch.findLast(message => message.cut !== null);
  if (!latest?.cut) return null;
  return latest.stats !== null && latest.stats.contextTokens < contextTokens ? null : latest.cut;
}

export const isUserAt = (messages: readonly ChatMessage[]) => (index: number) => messages[index]?.role === "user";

/** Tokens of each message in the model's own template. Tokens that belong to no message count with the system prompt. */
export async function countMessages(
  engine: Pick<ChatEngine, "count">,
  messages: readonly ChatMessage[],
  systemPrompt: string,
  summary: string | null,
) {
  const turns = promptTurns(messages, systemPrompt, summary);
  const { tokensPerTurn, totalTokens, isAbout = false } = await engine.count(turns);
  const messageTokens = turns.flatMap((turn, index) => (turn.role === "system" ? [] : [tokensPerTurn[index] ?? 0]));
  const systemTokens = Math.max(0, totalTokens - messageTokens.reduce((sum, tokens) => sum + tokens, 0));
  return { turns, systemTokens, messageTokens, totalTokens, isAbout };
}
