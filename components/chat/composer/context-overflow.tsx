"use client";
import { lazy, Suspense } from "react";
import { missingTokens } from "@/lib/client/chat/chat-context-use";
import { useSession, waitingReply } from "@/lib/client/chat/chat-session";
import type { ContextUse } from "@/lib/schema/chat";

// It includes the planner, which computes the cost of a larger context, so it is loaded on demand.
const OverflowBox = lazy(() => import("./overflow-box"));

/** Everything about a conversation that does not fit, in one place: before a message is sent, and after it was refused. */
export function ContextOverflow({ use }: { readonly use: ContextUse | null }) {
  const answering = useSession(session => session.answering);
  const waiting = useSession(waitingReply);
  const reply = use === null || use.draftTokens === 0 ? waiting : null;
  const overflows = use !== null && missingTokens(use) > 0;
  if (answering || (!overflows && reply === null)) return null;
  return (
    <Suspense>
      <OverflowBox use={overflows ? use : null} reply={reply} />
    </Suspense>
  );
}
