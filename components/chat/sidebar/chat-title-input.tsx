"use client";
import { useState } from "react";
import { fieldClass } from "@/components/chat/field-class";
import { showFailure } from "@/components/ui/show-failure";
import { patchChat } from "@/lib/client/chat-list";
import { isComposing } from "@/lib/client/is-composing";
import type { Chat } from "@/lib/schema/chat";
import { beginningOf } from "@/lib/units/graphemes";

/** The longest title that the server accepts. */
const MAX_TITLE_UNITS = 200;

/** Enter or leaving the field renames; Escape restores the old title. */
export function ChatTitleInput({ chat, onDone }: { readonly chat: Chat; readonly onDone: () => void }) {
  const [title, setTitle] = useState(chat.title);
  const save = () => {
    onDone();
    const trimmed = title.trim();
    if (trimmed === "" || trimmed === chat.title) return;
    patchChat(chat.id, { title: beginningOf(trimmed, MAX_TITLE_UNITS) }).catch(showFailure("The chat was not renamed"));
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
