"use client";
import { lazy, Suspense, useState } from "react";
import { usedTokens } from "@/lib/client/chat-context-use";
import type { ContextUse } from "@/lib/schema/chat";
import { formatTokens } from "@/lib/units/tokens";
import { TokenBar } from "./token-bar";

const ContextDetails = lazy(() => import("./context-details"));

/** How full the context is; behind it, of what, what that costs, and what happens when it is full. */
export function ContextMeter({ use }: { readonly use: ContextUse | null }) {
  const [isOpen, setOpen] = useState(false);
  if (use === null) return null;
  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex min-h-7 items-center gap-2.5 rounded-control px-2 text-ink-3 text-xs hover:bg-sunken hover:text-ink"
      >
        <span className="hidden w-28 sm:block">
          <TokenBar use={use} />
        </span>
        <span>
          {formatTokens(usedTokens(use))} of {formatTokens(use.contextTokens)} tokens
        </span>
        {use.replyReserveTokens > 0 && (
          <span className="hidden sm:inline">· {formatTokens(use.replyReserveTokens)} kept for the reply</span>
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
