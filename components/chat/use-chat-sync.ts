"use client";
import { useEffect } from "react";
import { leaveChat, refreshChat } from "@/lib/client/chat-actions";
import { chatListStore } from "@/lib/client/chat-list";
import { sessionStore } from "@/lib/client/chat-session";

/** Another tab (or this one, before a reload) has changed the open chat or requested an answer in it. */
function followList(): void {
  const { chat, phase, answering } = sessionStore.get();
  const { data } = chatListStore.get();
  if (data === null || phase !== "ready" || answering || chat.temporary) return;
  const row = data.chats.find(({ id }) => id === chat.id);
  if (row === undefined || row.answering || row.updatedAtMs !== chat.updatedAtMs) void refreshChat();
}

/** Keeps the open chat as the server has it, and erases a temporary chat when the page closes. */
export function useChatSync(): void {
  useEffect(() => {
    const stopFollowing = chatListStore.subscribe(followList);
    window.addEventListener("pagehide", leaveChat);
    return () => {
      stopFollowing();
      window.removeEventListener("pagehide", leaveChat);
      leaveChat();
    };
  }, []);
}
