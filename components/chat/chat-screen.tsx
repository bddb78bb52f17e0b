"use client";
import { useSearchParams } from "next/navigation";
import { useEffect, useRef } from "react";
import { enterChat, openChat } from "@/lib/client/chat-actions";
import { CHAT_PARAMETER } from "@/lib/client/chat-address";
import { ChatColumn } from "./chat-column";
import { ChatShortcuts } from "./chat-shortcuts";
import { ChatSidebar } from "./sidebar/chat-sidebar";
import { useChatSync } from "./use-chat-sync";

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
