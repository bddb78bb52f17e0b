"use client";
import { type MouseEvent, useState } from "react";
import { classNames } from "@/components/ui/class-names";
import { goToChat } from "@/lib/client/chat-location";
import type { ListedChat } from "@/lib/schema/chat";
import { ChatRowMenu } from "./chat-row-menu";
import { ChatTitleInput } from "./chat-title-input";

interface ChatListRowProps {
  readonly chat: ListedChat;
  readonly isOpen: boolean;
  readonly onChosen: (() => void) | undefined;
}

/** A real link, so that it opens in a new tab as well. */
export function ChatListRow({ chat, isOpen, onChosen }: ChatListRowProps) {
  const [isRenaming, setRenaming] = useState(false);
  const choose = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goToChat(chat.id);
    onChosen?.();
  };
  if (isRenaming) {
    return (
      <li className="py-0.5">
        <ChatTitleInput chat={chat} onDone={() => setRenaming(false)} />
      </li>
    );
  }
  return (
    <li className={classNames("group flex items-center rounded-control hover:bg-sunken", isOpen && "bg-sunken")}>
      <a
        href={`/?chat=${chat.id}`}
        aria-current={isOpen ? "page" : undefined}
        onClick={choose}
        dir="auto"
        className={classNames(
          "min-w-0 flex-1 truncate rounded-control py-1.5 pl-2",
          isOpen ? "font-semibold text-ink" : "text-ink-2",
        )}
      >
        {chat.answering && <span className="mr-1.5 inline-block size-2 rounded-full bg-accent" title="Answering" />}
        {chat.title}
        {chat.answering && <span className="sr-only">, answering</span>}
      </a>
      <ChatRowMenu chat={chat} onRename={() => setRenaming(true)} />
    </li>
  );
}
