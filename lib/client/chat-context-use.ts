import { type Attachment, type ContextUse, contextAnswerSchema } from "@/lib/schema/chat";
import { apiRequest } from "./api-request";

interface ContextQuestion {
  readonly chatId: string;
  readonly headId: string | null;
  readonly draft: string;
  readonly attachments: readonly Attachment[];
  readonly systemPrompt: string | null;
}

/** How full the context would be; null while no model is loaded. */
export async function askContextUse(question: ContextQuestion, signal: AbortSignal): Promise<ContextUse | null> {
  const { chatId, ...body } = question;
  const path = `/api/chats/${chatId}/context`;
  return (await apiRequest({ path, method: "POST", body, schema: contextAnswerSchema, signal })).use;
}

export const usedTokens = (use: ContextUse): number => use.systemTokens + use.historyTokens + use.draftTokens;

/** The chat's share of the KV cache; null where its size is unknown. */
export const usedKvBytes = (use: ContextUse): number | null =>
  use.kvBytes === null ? null : Math.round((use.kvBytes * usedTokens(use)) / use.contextTokens);
