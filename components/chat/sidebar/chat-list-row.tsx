"use client";
import { type MouseEvent, useState } from "react";
import { fieldClass } from "@/components/chat/field-class";
import { classNames } from "@/components/ui/class-names";
import { showFailure } from "@/components/ui/toast/show-failure";
import { changeChat } from "@/lib/client/chat/chat-list";
import { goToChat } from "@/lib/client/chat/chat-location";
import { isComposing } from "@/lib/client/is-composing";
import type { Chat, ListedChat } from "@/lib/schema/chat";
import { beginningOf } from "@/lib/units/graphemes";
import { ChatRowMenu } from "./chat-row-menu";

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

/** The longest title that the server accepts. */
const MAX_TITLE_UNITS = 200;

/** Enter or leaving the field renames; Escape restores the old title. */
function ChatTitleInput({ chat, onDone }: { readonly chat: Chat; readonly onDone: () => void }) {
  const [title, setTitle] = useState(chat.title);
  const save = () => {
    onDone();
    const trimmed = title.trim();
    if (trimmed === "" || trimmed === chat.title) return;
    changeChat(chat.id, { title: beginningOf(trimmed, MAX_TITLE_UNITS) }).catch(
      showFailure("The chat was not renamed"),
    );
  };
  return (
    <input
      aria-label="Title"
      dir="auto"
      className={fieldClass}
      value={title}
      ref={input => input?.focus()}
      onFocus={event => event.target.select()}
      onChange={event => setTitle(event.target.value)}
      onBlur={save}
      onKeyDown={event => {
        if (isComposing(event)) return;
        if (event.key === "Enter") save();
        if (event.key === "Escape") onDone();
      }}
    />
  );
}
