"use client";
import { isUsable, useSession } from "@/lib/client/chat-session";
import { ChatBar } from "./chat-bar";
import { ChatProblem } from "./chat-problem";
import { Composer } from "./composer/composer";
import { AnswerAnnouncer } from "./transcript/answer-announcer";
import { EmptyChat } from "./transcript/empty-chat";
import { Transcript } from "./transcript/transcript";

/** The open chat: transcript above, composer below. */
export function ChatColumn() {
  const phase = useSession(session => session.phase);
  const chatId = useSession(session => session.chat.id);
  const isEmpty = useSession(session => session.shown.length === 0);
  const canWrite = useSession(isUsable);
  return (
    <section aria-label="Open chat" className="flex min-h-0 min-w-0 flex-col">
      <ChatBar />
      {canWrite && (isEmpty ? <EmptyChat /> : <Transcript key={chatId} />)}
      {phase === "loading" && <div className="flex-1" />}
      {!canWrite && phase !== "loading" && <ChatProblem />}
      <AnswerAnnouncer />
      <Composer key={`composer-${chatId}`} />
    </section>
  );
}
