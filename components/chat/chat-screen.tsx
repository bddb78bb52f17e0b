"use client";
import { useSearchParams } from "next/navigation";
import { CHAT_PARAMETER } from "@/lib/client/chat-address";
import { ChatColumn } from "./chat-column";
import { ChatShortcuts } from "./chat-shortcuts";
import { ChatSidebar } from "./sidebar/chat-sidebar";
import { useChatSync } from "./use-chat-sync";
import { useOpenChat } from "./use-open-chat";

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
