"use client";
import { useEffect, useState } from "react";
import { showFailure } from "@/components/ui/toast/show-failure";
import { findChats } from "@/lib/client/chat/chat-list";
import type { ChatHit } from "@/lib/schema/chat";

/** The search waits for a pause in typing, instead of running for every letter. */
const SEARCH_DELAY_MS = 120;

/** Chats whose title or messages contain the words; null until the first answer, and if there are no words. */
export function useChatHits(query: string): readonly ChatHit[] | null {
  const [hits, setHits] = useState<readonly ChatHit[] | null>(null);
  useEffect(() => {
    if (query === "") return setHits(null);
    const controller = new AbortController();
    const timer = setTimeout(() => {
      findChats(query, controller.signal).then(setHits, showFailure("The search failed"));
    }, SEARCH_DELAY_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [query]);
  return hits;
}
