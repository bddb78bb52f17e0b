"use client";
import { lazy, Suspense, startTransition, useState } from "react";
import type { ReplyStats } from "@/lib/schema/chat";
import { formatDuration } from "@/lib/units/durations";
import { formatRate, formatTokens } from "@/lib/units/tokens";

const AllReplyFigures = lazy(() => import("./all-reply-figures"));

/** "12 tokens/s · first token 0.4 s · 120 tokens". A speed needs two tokens; without any token there is no first one. */
export function statsInWords({ generatedTokens, tokensPerSecond, timeToFirstTokenMs, totalMs }: ReplyStats): string {
  if (generatedTokens === 0) return `ended after ${formatDuration(totalMs)}, before the first token`;
  const speed = tokensPerSecond > 0 ? [`${formatRate(tokensPerSecond)} tokens/s`] : [];
  const count = `${formatTokens(generatedTokens)} ${generatedTokens === 1 ? "token" : "tokens"}`;
  return [...speed, `first token ${formatDuration(timeToFirstTokenMs)}`, count].join(" · ");
}

/** One line; a press shows the rest, to read or to copy. */
export function ReplyFigures({ stats }: { readonly stats: ReplyStats }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => startTransition(() => setOpen(!isOpen))}
        className="min-h-7 rounded-control px-1.5 text-ink-3 text-xs hover:bg-sunken hover:text-ink"
      >
        {statsInWords(stats)}
      </button>
      {isOpen && (
        <Suspense>
          <AllReplyFigures stats={stats} />
        </Suspense>
      )}
    </>
  );
}
