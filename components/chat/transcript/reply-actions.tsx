"use client";
import { Pencil, RotateCcw } from "lucide-react";
import { showFailure } from "@/components/ui/show-failure";
import { regenerate } from "@/lib/client/chat-actions";
import { useSession } from "@/lib/client/chat-session";
import type { ShownMessage } from "@/lib/client/chat-tree";
import { CopyAction } from "./copy-action";
import { MessageAction } from "./message-action";
import { ReplyFigures } from "./reply-figures";
import { VersionArrows } from "./version-arrows";

export function ReplyActions({ row, onEdit }: { readonly row: ShownMessage; readonly onEdit: () => void }) {
  const { message } = row;
  const answering = useSession(session => session.answering);
  const hasText = message.text !== "";
  // An answer without text says so, and offers its own way to continue.
  const canRegenerate = hasText || message.status === "complete";
  const again = () => regenerate(message).catch(showFailure("No other answer was made"));
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <div className="-ml-1.5 flex items-center gap-0.5">
        <VersionArrows row={row} />
        {hasText && <CopyAction text={() => message.text} />}
        {canRegenerate && (
          <MessageAction label="Regenerate" onClick={again} disabled={answering}>
            <RotateCcw aria-hidden size={14} />
          </MessageAction>
        )}
        {hasText && (
          <MessageAction label="Edit" onClick={onEdit} disabled={answering}>
            <Pencil aria-hidden size={14} />
          </MessageAction>
        )}
      </div>
      {message.edited && <span className="text-ink-3 text-xs">Written by you</span>}
      {message.stats && <ReplyFigures stats={message.stats} />}
    </div>
  );
}
