"use client";
import { useEffect, useRef } from "react";
import { enterChat, openChat } from "@/lib/client/chat-actions";

/** Opens the chat of the address. On return from another screen, it opens the chat that was open before. */
export function useOpenChat(chatId: string | null): void {
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
