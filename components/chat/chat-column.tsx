"use client";
import { Menu as MenuIcon, Plus } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { refreshChat } from "@/lib/client/chat/chat-actions";
import { goToChat } from "@/lib/client/chat/chat-location";
import { isUsable, useSession } from "@/lib/client/chat/chat-session";
import { Composer } from "./composer/composer";
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

/** Tells a screen reader that an answer began and that it ended. Its text is read in the transcript. */
function AnswerAnnouncer() {
  const answering = useSession(session => session.answering);
  const wasAnswering = useRef(false);
  const [text, setText] = useState("");
  useEffect(() => {
    if (answering) setText("Generating");
    else if (wasAnswering.current) setText("Reply finished");
    wasAnswering.current = answering;
  }, [answering]);
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  );
}

/** A chat that does not exist, or that the server could not return. */
function ChatProblem() {
  const phase = useSession(session => session.phase);
  const error = useSession(session => session.error);
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-3 p-6 text-center">
      <p className="font-semibold">{phase === "missing" ? "This chat is not here" : "This chat could not be opened"}</p>
      <p className="max-w-md text-ink-2">
        {error?.message} {error?.next}
      </p>
      <div className="flex gap-2">
        {phase === "failed" && <Button onClick={() => void refreshChat()}>Try again</Button>}
        <Button look="primary" onClick={() => goToChat(null)}>
          New chat
        </Button>
      </div>
    </div>
  );
}

const ChatSheet = lazy(() => import("./chat-sheet"));

/** On a phone the list is a sheet behind a button. */
function ChatBar() {
  const title = useSession(session => session.chat.title);
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="flex items-center gap-1 border-line border-b bg-surface px-2 py-1 md:hidden">
      <Button look="quiet" size="icon" aria-label="Show chats" onClick={() => setOpen(true)}>
        <MenuIcon aria-hidden size={18} />
      </Button>
      <p dir="auto" className="min-w-0 flex-1 truncate text-sm">
        {title}
      </p>
      <Button look="quiet" size="icon" aria-label="New chat" onClick={() => goToChat(null)}>
        <Plus aria-hidden size={18} />
      </Button>
      {isOpen && (
        <Suspense>
          <ChatSheet onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
