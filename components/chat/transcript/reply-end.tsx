"use client";
import { Play } from "lucide-react";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { continueReply } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ChatMessage } from "@/lib/schema/chat";

/** Why an answer is not complete; null for a complete one. */
function endWords({ status, error, stats }: ChatMessage): string | null {
  if (error !== null) return error.message;
  if (status === "interrupted") return "Stopped.";
  if (status === "pending") return "Interrupted.";
  if (stats?.finishReason === "length") return "Cut at the longest reply that is set.";
  if (stats?.finishReason === "context") return "Cut: the context is full.";
  return null;
}

/** How an answer ended if it was interrupted, and how to continue. */
export function ReplyEnd({ message, isLast }: { readonly message: ChatMessage; readonly isLast: boolean }) {
  const answering = useSession(session => session.answering);
  const words = endWords(message);
  if (words === null) return null;
  // The choices appear only once, above the composer.
  if (message.error?.code === "CONTEXT_EXCEEDED")
    return <p className="text-ink-3 text-sm">Not answered: it did not fit the context.</p>;
  const goOn = () => continueReply(message).catch(showFailure("The answer was not continued"));
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-control border border-line bg-sunken px-3 py-2 text-ink-2 text-sm">
      <p className="min-w-0 flex-1 basis-60">
        {words} {message.error?.next}
      </p>
      {isLast && !answering && (
        <Button size="sm" onClick={goOn}>
          <Play aria-hidden size={13} />
          {message.text === "" ? "Try again" : "Continue"}
        </Button>
      )}
    </div>
  );
}
