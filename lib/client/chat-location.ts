import { openChat } from "./chat-actions";

export const CHAT_PARAMETER = "chat";

const addressOf = (chatId: string | null): string =>
  chatId === null ? "/" : `/?${CHAT_PARAMETER}=${encodeURIComponent(chatId)}`;

/** Shows a chat and its address; Back leads to the one before. */
export function goToChat(chatId: string | null): void {
  if (window.location.pathname + window.location.search !== addressOf(chatId)) {
    window.history.pushState(null, "", addressOf(chatId));
  }
  void openChat(chatId);
}

/** A new chat gets its address with its first message. */
export const rememberAddress = (chatId: string): void => window.history.replaceState(null, "", addressOf(chatId));
