"use client";
import type { RunStatus } from "@/lib/schema/chat";
import { formatTokens } from "@/lib/units/tokens";

function statusWords(status: RunStatus): string {
  switch (status.phase) {
    case "queued":
      return `Waiting: place ${status.position} in the queue`;
    case "loading":
      return "Waiting for the model";
    case "summarising":
      return "Summarising the oldest messages to make room";
    case "prefill":
      return `Reading ${formatTokens(status.doneTokens)} of ${formatTokens(status.totalTokens)} tokens`;
    case "generating":
      return "Writing";
  }
}

/** Shows what happens before the first word. */
export function RunStatusLine({ status }: { readonly status: RunStatus }) {
  return (
    <p className="flex items-center gap-2 text-ink-3 text-sm tabular-nums">
      <span aria-hidden className="size-2 rounded-full bg-accent motion-safe:animate-pulse" />
      {statusWords(status)}
    </p>
  );
}
