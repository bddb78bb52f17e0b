"use client";
import { ArrowDown } from "lucide-react";
import { useRef } from "react";
import { Button } from "@/components/ui/button";
import { useSession } from "@/lib/client/chat/chat-session";
import { MessageRow } from "./message-row";
import { useShownWindow } from "./use-shown-window";
import { useStickToEnd } from "./use-stick-to-end";

/**
 * The shown branch. It is a log that is not read aloud as it grows; the announcer says when an answer begins and ends.
 * At first only the latest rows are rendered; scrolling up adds earlier ones.
 */
export function Transcript() {
  const shown = useSession(session => session.shown);
  const answering = useSession(session => session.answering);
  const scrollRef = useRef<HTMLDivElement>(null);
  const contentRef = useRef<HTMLDivElement>(null);
  const firstIndex = useShownWindow(scrollRef, shown);
  const { isAtEnd, goToEnd } = useStickToEnd(scrollRef, contentRef, shown.length);
  return (
    <div className="relative min-h-0 flex-1">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section ref={scrollRef} tabIndex={0} aria-label="Transcript" className="h-full overflow-y-auto">
        <div
          ref={contentRef}
          role="log"
          aria-label="Conversation"
          aria-live="off"
          aria-busy={answering}
          className="mx-auto flex max-w-[784px] flex-col gap-6 px-4 pt-6 pb-4 sm:px-5"
        >
          {firstIndex > 0 && <p className="text-center text-ink-3 text-sm">{firstIndex} earlier messages above</p>}
          {shown.slice(firstIndex).map((row, index) => (
            <MessageRow key={row.message.id} row={row} isLast={firstIndex + index === shown.length - 1} />
          ))}
          <ConnectionNote />
        </div>
      </section>
      {!isAtEnd && (
        <Button size="sm" onClick={goToEnd} className="absolute bottom-3 left-1/2 -translate-x-1/2 shadow-pop">
          <ArrowDown aria-hidden size={14} />
          Jump to latest
        </Button>
      )}
    </div>
  );
}

/** Shown when the server went away during an answer. */
function ConnectionNote() {
  const isCutOff = useSession(session => session.isCutOff);
  if (!isCutOff) return null;
  return (
    <p role="status" className="rounded-control bg-warn-soft px-3 py-2 text-sm text-warn">
      Headroom's server does not answer. This page goes on by itself when it is back; the text so far is saved.
    </p>
  );
}
