"use client";
import { Folder } from "lucide-react";
import type { ChatGroup } from "@/lib/client/chat-groups";
import { ChatListRow } from "./chat-list-row";

interface ChatListGroupProps {
  readonly group: ChatGroup;
  readonly openId: string;
  readonly onChosen: (() => void) | undefined;
}

/** A folder can be folded; a date group cannot. */
export function ChatListGroup({ group, openId, onChosen }: ChatListGroupProps) {
  const rows = (
    <ul>
      {group.chats.map(chat => (
        <ChatListRow key={chat.id} chat={chat} isOpen={chat.id === openId} onChosen={onChosen} />
      ))}
    </ul>
  );
  const headingClass = "mt-3 mb-1 flex items-center gap-1.5 px-2 font-medium text-ink-3 text-xs";
  if (!group.isFolder) {
    return (
      <section aria-label={group.label}>
        <h2 className={headingClass}>{group.label}</h2>
        {rows}
      </section>
    );
  }
  return (
    <details open>
      <summary className={headingClass}>
        <Folder aria-hidden size={13} />
        {group.label}
        <span className="font-normal">{group.chats.length}</span>
      </summary>
      {rows}
    </details>
  );
}
