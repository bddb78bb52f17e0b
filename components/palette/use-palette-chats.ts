"use client";
import { MessageSquare, TextSearch } from "lucide-react";
import { useChatHits } from "@/components/chat/sidebar/use-chat-hits";
import { useChatList } from "@/lib/client/chat/chat-list";
import type { PaletteItem } from "./palette-item";
import type { PalettePlaces } from "./use-palette-places";

const RECENT_CHATS = 8;

/** The latest chats, or those that contain the typed text. */
export function usePaletteChats(query: string, { showChat, showMessage }: PalettePlaces): PaletteItem[] {
  const rows = useChatList(state => state.data?.chats);
  const hits = useChatHits(query);
  if (query === "") {
    return (rows ?? []).slice(0, RECENT_CHATS).map(({ id, title }) => ({
      id: `chat ${id}`,
      group: "Chats",
      icon: MessageSquare,
      label: title,
      detail: "",
      run: () => void showChat(id),
    }));
  }
  return (hits ?? []).map(({ chatId, messageId, title, snippet }) => ({
    id: `hit ${chatId} ${messageId}`,
    group: "In your chats",
    icon: TextSearch,
    label: title,
    detail: snippet,
    run: () => showMessage(chatId, messageId),
  }));
}
