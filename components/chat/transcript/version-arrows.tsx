"use client";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { showVersion } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ShownMessage } from "@/lib/client/chat/chat-tree";

const arrowClass = "grid size-7 place-items-center rounded-control hover:bg-sunken hover:text-ink disabled:opacity-40";

/** Steps through the versions of a message, each with the branch below it. */
export function VersionArrows({ row }: { readonly row: ShownMessage }) {
  const answering = useSession(session => session.answering);
  const { message, version, versions } = row;
  if (versions < 2) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form.
    <span role="group" aria-label="Versions" className="inline-flex items-center text-ink-3 text-xs">
      <button
        type="button"
        aria-label="Version before"
        className={arrowClass}
        disabled={answering || version === 1}
        onClick={() => showVersion(message, -1)}
      >
        <ChevronLeft aria-hidden size={14} />
      </button>
      <span>
        {version} / {versions}
      </span>
      <button
        type="button"
        aria-label="Next version"
        className={arrowClass}
        disabled={answering || version === versions}
        onClick={() => showVersion(message, 1)}
      >
        <ChevronRight aria-hidden size={14} />
      </button>
    </span>
  );
}
