"use client";
import { useChatList } from "@/lib/client/chat-list";
import { goToChat, goToMessage } from "@/lib/client/chat-location";
import type { PaletteItem } from "./palette-item";
import { useChatHits } from "./use-chat-hits";

const RECENT_CHATS = 8;

/** The latest chats, or those that hold what is typed. */
export function usePaletteChats(query: string): PaletteItem[] {
  const rows = useChatList(state => state.data?.chats);
  const hits = useChatHits(query);
  if (query === "") {
    return (rows ?? []).slice(0, RECENT_CHATS).map(({ id, title }) => ({
      id: `chat ${id}`,
      label: title,
      detail: "",
      run: () => void goToChat(id),
    }));
  }
  return (hits ?? []).map(({ chatId, messageId, title, snippet }) => ({
    id: `hit ${chatId} ${messageId}`,
    label: title,
    detail: snippet,
    run: () => void goToMessage(chatId, messageId),
  }));
}
