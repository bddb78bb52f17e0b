export const CHAT_PARAMETER = "chat";

export const chatAddress = (chatId: string | null): string =>
  chatId === null ? "/" : `/?${CHAT_PARAMETER}=${encodeURIComponent(chatId)}`;

/** A new chat gets its address with its first message. A temporary chat has no address to come back to. */
export const rememberAddress = (chatId: string): void => window.history.replaceState(null, "", chatAddress(chatId));
