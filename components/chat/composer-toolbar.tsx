"use client";
import { Square } from "lucide-react";
import { Button } from "@/components/ui/button";
import { stopAnswer } from "@/lib/client/chat-actions";
import { useSession } from "@/lib/client/chat-session";
import type { ContextUse } from "@/lib/schema/chat";
import { AttachButton } from "./attach-button";
import { ChatOptionsButton } from "./chat-options-button";
import { ContextMeter } from "./context-meter";
import { showFailure } from "./show-failure";

interface ComposerToolbarProps {
  readonly use: ContextUse | null;
  readonly canSend: boolean;
  readonly onFiles: (files: Iterable<File>) => void;
}

export function ComposerToolbar({ use, canSend, onFiles }: ComposerToolbarProps) {
  const answering = useSession(session => session.answering);
  const stop = () => stopAnswer().catch(showFailure("The answer was not stopped"));
  return (
    <div className="mt-2 -ml-2 flex flex-wrap items-center gap-x-1 gap-y-1">
      <AttachButton onFiles={onFiles} />
      <ChatOptionsButton />
      <ContextMeter use={use} />
      <span className="ml-auto">
        {answering ? (
          <Button key="stop" look="plain" onClick={stop}>
            <Square aria-hidden size={12} fill="currentColor" />
            Stop
          </Button>
        ) : (
          <Button key="send" type="submit" look="primary" disabled={!canSend}>
            Send
          </Button>
        )}
      </span>
    </div>
  );
}
