"use client";
import { EyeOff, Plus } from "lucide-react";
import { useState } from "react";
import { fieldClass } from "@/components/chat/field-class";
import { Button } from "@/components/ui/button";
import { setTemporary } from "@/lib/client/chat/chat-actions";
import { goToChat } from "@/lib/client/chat/chat-location";
import { isComposing } from "@/lib/client/is-composing";
import { ChatFilesMenu } from "./chat-files-menu";
import { ChatHits } from "./chat-hits";
import { ChatList } from "./chat-list";

/** New chat, search, the list. On a phone, `onChosen` closes the sheet around it. */
export function ChatSidebar({ onChosen }: { readonly onChosen?: () => void }) {
  const [query, setQuery] = useState("");
  const startNew = (temporary: boolean) => {
    goToChat(null);
    setTemporary(temporary);
    onChosen?.();
  };
  return (
    <nav aria-label="Chats" className="flex h-full min-h-0 flex-col gap-2 p-3">
      <div className="flex gap-2">
        <Button className="flex-1" onClick={() => startNew(false)}>
          <Plus aria-hidden size={16} />
          New chat
        </Button>
        <Button size="icon" aria-label="New temporary chat" title="New temporary chat" onClick={() => startNew(true)}>
          <EyeOff aria-hidden size={16} />
        </Button>
      </div>
      <input
        type="search"
        aria-label="Search chats"
        placeholder="Search chats"
        className={fieldClass}
        value={query}
        onChange={event => setQuery(event.target.value)}
        onKeyDown={event => event.key === "Escape" && !isComposing(event) && setQuery("")}
        dir="auto"
      />
      <div className="-mx-1 min-h-0 flex-1 overflow-y-auto px-1">
        {query.trim() === "" ? <ChatList onChosen={onChosen} /> : <ChatHits query={query.trim()} onChosen={onChosen} />}
      </div>
      <ChatFilesMenu />
    </nav>
  );
}
