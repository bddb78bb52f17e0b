"use client";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { classNames } from "@/components/ui/class-names";
import { liveContextUse, missingTokens, usedTokens } from "@/lib/client/chat/chat-context-use";
import { useLiveReply } from "@/lib/client/chat/chat-live-reply";
import { useSession } from "@/lib/client/chat/chat-session";
import { useLive } from "@/lib/client/live-store";
import type { ContextUse } from "@/lib/schema/chat";
import { contextTokensOf } from "@/lib/schema/live-events";
import { formatTokens } from "@/lib/units/tokens";
import { TokenBar } from "./token-bar";

const ContextDetails = lazy(() => import("./context-details"));

/** Uses the arriving answer's own figures if there is an answer, so that the meter moves with it, and after it until they are counted. */
function useShownUse(use: ContextUse | null): ContextUse | null {
  const answering = useSession(session => session.answering);
  const chatId = useSession(session => session.chat.id);
  const nowTokens = useLiveReply(answering, reply => reply.usedTokens);
  const contextTokens = useLive(state => state.engine && contextTokensOf(state.engine));
  const last = useRef<{ chatId: string; before: ContextUse | null; use: ContextUse } | null>(null);
  const isLive = answering && nowTokens !== null && contextTokens !== null;
  const live = isLive ? liveContextUse(use, nowTokens, contextTokens) : null;
  useEffect(() => {
    if (live !== null) last.current = { chatId, before: use, use: live };
  });
  if (live !== null) return live;
  const { current } = last;
  const isCounted = current?.chatId !== chatId || current.before?.historyTokens !== use?.historyTokens;
  return isCounted || current === null ? use : current.use;
}

/** How full the context is. Its details give the size, the memory cost, and what happens when it is full. */
export function ContextMeter({ use: useBefore }: { readonly use: ContextUse | null }) {
  const use = useShownUse(useBefore);
  const [isOpen, setOpen] = useState(false);
  // Its place stays free: the composer must not grow under the pointer.
  if (use === null) return <span className="min-h-7 w-36" />;
  const missing = missingTokens(use);
  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex min-h-7 items-center gap-2.5 rounded-control px-2 text-ink-3 text-xs hover:bg-sunken hover:text-ink"
      >
        <span className="hidden w-28 @xl:block">
          <TokenBar use={use} />
        </span>
        {missing > 0 && <strong className="font-semibold text-bad">{formatTokens(missing)} tokens too many</strong>}
        {/* Where there is no room for both, only the excess is shown. */}
        <span className={classNames("tabular-nums", missing > 0 && "sr-only @lg:not-sr-only")}>
          {use.isAbout && "about "}
          {formatTokens(usedTokens(use))} of {formatTokens(use.contextTokens)} tokens
        </span>
        {missing === 0 && use.replyReserveTokens > 0 && (
          <span className="hidden @xl:inline">· {formatTokens(use.replyReserveTokens)} kept for the reply</span>
        )}
      </button>
      {isOpen && (
        <Suspense>
          <ContextDetails use={use} />
        </Suspense>
      )}
    </>
  );
}
