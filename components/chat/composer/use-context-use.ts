"use client";
import { useEffect, useMemo, useState } from "react";
import { askContextUse, nothingTooMuch } from "@/lib/client/chat/chat-context-use";
import { isFreeToSend, useSession } from "@/lib/client/chat/chat-session";
import { useLive } from "@/lib/client/live-store";
import type { Attachment, ContextUse } from "@/lib/schema/chat";

const TYPING_PAUSE_MS = 400;

/** How full the context is with this draft. The server is asked after each answer, each load and each pause in typing. */
export function useContextUse(draft: string, attachments: readonly Attachment[]): ContextUse | null {
  const [counted, setCounted] = useState<{ use: ContextUse | null; headId: string | null } | null>(null);
  const { chat, headId } = useSession(session => session);
  const isIdle = useSession(isFreeToSend);
  const config = useLive(({ engine }) => engine?.other?.model ?? engine?.config ?? null);
  const { id: chatId, systemPrompt } = chat;
  const maxTokens = chat.sampling.maxTokens;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the server's answer depends on the longest reply.
  useEffect(() => {
    if (!isIdle || config === null) return;
    const controller = new AbortController();
    const question = { chatId, headId, draft, attachments, systemPrompt };
    const ask = () =>
      askContextUse(question, controller.signal).then(
        use => setCounted({ use, headId }),
        () => {},
      );
    const timer = setTimeout(ask, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [chatId, headId, draft, attachments, systemPrompt, maxTokens, isIdle, config]);
  return useMemo(
    () => (config === null || counted === null ? null : countOfNow(counted.use, counted.headId === headId)),
    [config, counted, headId],
  );
}

/** A count from before the latest message shows roughly how much there is, but no longer what does not fit. */
const countOfNow = (use: ContextUse | null, isCurrent: boolean): ContextUse | null =>
  use === null || isCurrent ? use : { ...use, ...nothingTooMuch };
