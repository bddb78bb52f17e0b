"use client";
import { useState } from "react";
import { patchChat } from "@/lib/client/chat-list";
import type { Chat } from "@/lib/schema/chat";
import { fieldClass } from "./field-class";
import { showFailure } from "./show-failure";

/** Enter or leaving renames, Escape gives the old title back. */
export function ChatTitleInput({ chat, onDone }: { readonly chat: Chat; readonly onDone: () => void }) {
  const [title, setTitle] = useState(chat.title);
  const save = () => {
    onDone();
    const trimmed = title.trim();
    if (trimmed === "" || trimmed === chat.title) return;
    patchChat(chat.id, { title: trimmed.slice(0, 200) }).catch(showFailure("The chat was not renamed"));
  };
  return (
    <input
      aria-label="Title"
      className={fieldClass}
      value={title}
      maxLength={200}
      ref={input => input?.focus()}
      onFocus={event => event.target.select()}
      onChange={event => setTitle(event.target.value)}
      onBlur={save}
      onKeyDown={event => {
        if (event.key === "Enter") save();
        if (event.key === "Escape") onDone();
      }}
    />
  );
}
