"use client";
import { useSearchParams } from "next/navigation";
import { useEffect, useRef } from "react";
import { enterChat, leaveChat, openChat, refreshChat } from "@/lib/client/chat/chat-actions";
import { CHAT_PARAMETER } from "@/lib/client/chat/chat-address";
import { chatListStore } from "@/lib/client/chat/chat-list";
import { sessionStore } from "@/lib/client/chat/chat-session";
import { ChatColumn } from "./chat-column";
import { ChatShortcuts } from "./chat-shortcuts";
import { ChatSidebar } from "./sidebar/chat-sidebar";

/** The home page: the list of chats beside the open one. */
export function ChatScreen() {
  const chatId = useSearchParams().get(CHAT_PARAMETER);
  useOpenChat(chatId);
  useChatSync();
  return (
    <div className="grid h-[calc(100dvh-var(--header-height))] grid-cols-[minmax(0,1fr)] md:grid-cols-[264px_minmax(0,1fr)]">
      <div className="hidden min-h-0 border-line border-r bg-surface md:block">
        <ChatSidebar />
      </div>
      <ChatColumn />
      <ChatShortcuts />
    </div>
  );
}

/** Opens the chat of the address. On return from another screen, it opens the chat that was open before. */
function useOpenChat(chatId: string | null): void {
  const isEntering = useRef(true);
  useEffect(() => {
    void (isEntering.current ? enterChat(chatId) : openChat(chatId));
    isEntering.current = false;
  }, [chatId]);
  useEffect(
    () => () => {
      isEntering.current = true;
    },
    [],
  );
}

/** Another tab (or this one, before a reload) has changed the open chat or requested an answer in it. */
function followList(): void {
  const { chat, phase, answering } = sessionStore.get();
  const { data } = chatListStore.get();
  if (data === null || phase !== "ready" || answering || chat.temporary) return;
  const row = data.chats.find(({ id }) => id === chat.id);
  if (row === undefined || row.answering || row.updatedAtMs !== chat.updatedAtMs) void refreshChat();
}

/** Keeps the open chat as the server has it, and erases a temporary chat when the page closes. */
function useChatSync(): void {
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
