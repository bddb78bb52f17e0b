"use client";
import { useEffect, useState } from "react";
import { readDraft, writeDraft } from "@/lib/client/chat-drafts";
import { useSession } from "@/lib/client/chat-session";

/** The text in the composer, which survives a reload. A temporary chat leaves none behind. */
export function useDraftText(): [text: string, setText: (text: string) => void] {
  const chatId = useSession(session => (session.phase === "new" ? null : session.chat.id));
  const isTemporary = useSession(session => session.chat.temporary);
  const [text, setText] = useState("");
  useEffect(() => {
    const draft = readDraft(chatId);
    if (draft !== "") setText(current => (current === "" ? draft : current));
  }, [chatId]);
  const change = (next: string) => {
    setText(next);
    if (!isTemporary) writeDraft(chatId, next);
  };
  return [text, change];
}
