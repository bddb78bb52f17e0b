"use client";
import { Button } from "@/components/ui/button";
import { continueReply } from "@/lib/client/chat-actions";
import type { ChatMessage, Overflow } from "@/lib/schema/chat";
import { showFailure } from "./show-failure";

/** An answer was refused because the conversation does not fit: what shall go? */
export function OverflowChoice({ reply }: { readonly reply: ChatMessage }) {
  const goOn = (overflow?: Overflow) => () =>
    void continueReply(reply, overflow).catch(showFailure("The answer was not made"));
  return (
    <div className="flex flex-wrap gap-2">
      <Button size="sm" onClick={goOn("drop")}>
        Answer without the oldest messages
      </Button>
      <Button size="sm" onClick={goOn("summarise")}>
        Summarise them, then answer
      </Button>
      <Button size="sm" onClick={goOn()}>
        Try again
      </Button>
    </div>
  );
}
