"use client";
import { Button } from "@/components/ui/button";
import { refreshChat } from "@/lib/client/chat-actions";
import { goToChat } from "@/lib/client/chat-location";
import { useSession } from "@/lib/client/chat-session";

/** A chat that does not exist, or that the server could not return. */
export function ChatProblem() {
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
