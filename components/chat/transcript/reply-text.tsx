"use client";
import { useDeferredValue } from "react";
import { Markdown } from "@/components/chat/markdown/markdown";
import { useLiveReply } from "@/lib/client/chat-live-reply";
import type { ChatMessage } from "@/lib/schema/chat";
import { RunStatusLine } from "./run-status-line";
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
