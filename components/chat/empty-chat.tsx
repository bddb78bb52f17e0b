"use client";
import { EyeOff } from "lucide-react";
import { useChatList } from "@/lib/client/chat-list";
import { useSession } from "@/lib/client/chat-session";
import { Starters } from "./starters";
import { Welcome } from "./welcome";

/** A chat that has no message yet. */
export function EmptyChat() {
  const isTemporary = useSession(session => session.chat.temporary);
  const isFirstRun = useChatList(state => state.data?.chats.length === 0);
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center overflow-y-auto p-4">
      <div className="flex w-full max-w-[744px] flex-col gap-5">
        {isTemporary ? (
          <p className="flex items-center gap-2 text-ink-2">
            <EyeOff aria-hidden size={16} className="shrink-0" />
            Temporary chat: nothing of it is written to the disk, and it is gone when you leave this page.
          </p>
        ) : (
          isFirstRun && <Welcome />
        )}
        <p className="text-sentence">What would you like to talk about?</p>
        <Starters />
      </div>
    </div>
  );
}
