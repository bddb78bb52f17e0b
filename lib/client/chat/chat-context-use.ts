import { readContextUse } from "@/lib/schema/api/chats";
import type { Attachment, ContextUse } from "@/lib/schema/chat";
import { apiRequest } from "../api-request";

interface ContextQuestion {
  readonly chatId: string;
  readonly headId: string | null;
  readonly draft: string;
  readonly attachments: readonly Attachment[];
  readonly systemPrompt: string | null;
}

/** How full the context would be; null while no model is loaded. */
export async function askContextUse(question: ContextQuestion, signal: AbortSignal): Promise<ContextUse | null> {
  const { chatId, attachments, ...rest } = question;
  // A picture counts the same without its bytes.
  const body = { ...rest, attachments: attachments.map(({ data: _bytes, ...counted }) => counted) };
  return (await apiRequest(readContextUse, { params: { id: chatId }, body, signal })).use;
}

export const usedTokens = (use: ContextUse): number => use.systemTokens + use.historyTokens + use.draftTokens;

/**
 * The same while an answer is written, from the figures in its stream: the answer grows into the room that was kept for it.
 *
 * @param use from before the answer; null in a new chat whose model was not loaded yet
 */
export function liveContextUse(use: ContextUse | null, nowTokens: number, contextTokens: number): ContextUse {
  const systemTokens = Math.min(use?.systemTokens ?? 0, nowTokens);
  const beforeTokens = use === null ? nowTokens : usedTokens(use);
  const reserveTokens = Math.max(0, (use?.replyReserveTokens ?? 0) - Math.max(0, nowTokens - beforeTokens));
  return {
    contextTokens,
    systemTokens,
    historyTokens: nowTokens - systemTokens,
    draftTokens: 0,
    replyReserveTokens: Math.min(reserveTokens, Math.max(0, contextTokens - nowTokens)),
    kvBytes: use?.kvBytes ?? null,
    neededTokens: nowTokens,
    ...nothingTooMuch,
  };
}

/** The figures that describe an overflow, for a use that has none. */
export const nothingTooMuch = {
  overflowingMessages: 0,
  overflowingTokens: 0,
  summaryTokens: 0,
  draftTooLong: false,
} as const satisfies Partial<ContextUse>;

/** How many tokens too few the next answer has, including its reserved room; 0 when it fits. */
export const missingTokens = ({
  contextTokens,
  neededTokens,
  overflowingMessages,
  draftTooLong,
}: ContextUse): number => (overflowingMessages > 0 || draftTooLong ? Math.max(1, neededTokens - contextTokens) : 0);

/** The chat's share of the KV cache; null if its size is unknown. */
export const usedKvBytes = (use: ContextUse): number | null =>
  use.kvBytes === null ? null : Math.round((use.kvBytes * usedTokens(use)) / use.contextTokens);
