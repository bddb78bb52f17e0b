"use client";
import { usePathname, useRouter } from "next/navigation";
import { openChat, revealMessage } from "@/lib/client/chat/chat-actions";
import { chatAddress } from "@/lib/client/chat/chat-address";
import { goToChat } from "@/lib/client/chat/chat-location";

export interface PalettePlaces {
  readonly isOnChat: boolean;
  readonly goToPage: (path: string) => void;
  /** null: a new chat. */
  readonly showChat: (chatId: string | null) => Promise<void>;
  readonly showMessage: (chatId: string, messageId: string | null) => void;
}

/** Links to pages and chats from anywhere. Outside the chat screen, a chat needs that screen first. */
export function usePalettePlaces(): PalettePlaces {
  const router = useRouter();
  const isOnChat = usePathname() === "/";
  const showChat = (chatId: string | null): Promise<void> => {
    if (isOnChat) return goToChat(chatId);
    const opened = openChat(chatId);
    router.push(chatAddress(chatId));
    return opened;
  };
  return {
    isOnChat,
    goToPage: path => router.push(path),
    showChat,
    showMessage: (chatId, messageId) =>
      void showChat(chatId).then(() => {
        if (messageId !== null) revealMessage(messageId);
      }),
  };
}
