"use client";
import { useDeferredValue } from "react";
import { Markdown } from "@/components/chat/markdown/markdown";
import { useLiveReply } from "@/lib/client/chat/chat-live-reply";
import type { ChatMessage, RunStatus } from "@/lib/schema/chat";
import { formatTokens } from "@/lib/units/tokens";
import { Thought } from "./thought";

interface ReplyTextProps {
  readonly message: ChatMessage;
  /** Its text is arriving. Only this component renders for each token. */
  readonly isLive: boolean;
}

export function ReplyText({ message, isLive }: ReplyTextProps) {
  const live = useLiveReply(isLive, reply => reply);
  const isArriving = isLive && live.replyId === message.id;
  // Deferred, so that typing, scrolling and stopping come before the next words.
  const { text, thought } = useDeferredValue(isArriving ? live : message);
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {isLive && live.status && <RunStatusLine status={live.status} />}
      {thought !== "" && <Thought text={thought} thoughtMs={message.thoughtMs} isThinking={isLive && text === ""} />}
      {text !== "" && <Markdown text={text} isStreaming={isLive} />}
    </div>
  );
}

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
function RunStatusLine({ status }: { readonly status: RunStatus }) {
  return (
    <p className="flex items-center gap-2 text-ink-3 text-sm tabular-nums">
      <span aria-hidden className="size-2 rounded-full bg-accent motion-safe:animate-pulse" />
      {statusWords(status)}
    </p>
  );
}
