"use client";
import { Menu as MenuIcon, Plus } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";
import { goToChat } from "@/lib/client/chat-location";
import { useSession } from "@/lib/client/chat-session";

const ChatSheet = lazy(() => import("./chat-sheet"));

/** On a phone the list is a sheet behind a button. */
export function ChatBar() {
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
