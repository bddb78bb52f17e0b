import { openChat, revealMessage } from "./chat-actions";
import { chatAddress } from "./chat-address";

/** Shows a chat and its address; Back leads to the previous one. */
export function goToChat(chatId: string | null): Promise<void> {
  const address = chatAddress(chatId);
  if (window.location.pathname + window.location.search !== address) window.history.pushState(null, "", address);
  return openChat(chatId);
}

/** Opens a search hit: the chat, at that message. */
export async function goToMessage(chatId: string, messageId: string | null): Promise<void> {
  await goToChat(chatId);
  if (messageId !== null) revealMessage(messageId);
}
