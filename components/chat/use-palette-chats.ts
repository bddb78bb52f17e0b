"use client";
import { useEffect, useState } from "react";
import { searchChats, useChatList } from "@/lib/client/chat-list";
import { goToChat, goToMessage } from "@/lib/client/chat-location";
import type { ChatHit } from "@/lib/schema/chat";
import type { PaletteItem } from "./palette-item";
import { showFailure } from "./show-failure";

const RECENT_CHATS = 8;
const SEARCH_DELAY_MS = 120;

/** The latest chats, or those that hold what is typed. */
export function usePaletteChats(query: string): PaletteItem[] {
  const rows = useChatList(state => state.data?.chats);
  const [hits, setHits] = useState<readonly ChatHit[]>([]);
  useEffect(() => {
    if (query === "") return setHits([]);
    const controller = new AbortController();
    const timer = setTimeout(() => {
      searchChats(query, controller.signal).then(setHits, showFailure("The search failed"));
    }, SEARCH_DELAY_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [query]);
  if (query === "") {
    return (rows ?? []).slice(0, RECENT_CHATS).map(({ id, title }) => ({
      id: `chat ${id}`,
      label: title,
      detail: "",
      run: () => void goToChat(id),
    }));
  }
  return hits.map(({ chatId, messageId, title, snippet }) => ({
    id: `hit ${chatId} ${messageId}`,
    label: title,
    detail: snippet,
    run: () => void goToMessage(chatId, messageId),
  }));
}
