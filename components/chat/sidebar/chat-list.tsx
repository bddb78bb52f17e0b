"use client";
import { Folder } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { type ChatGroup, groupChats } from "@/lib/client/chat/chat-groups";
import { useChatList } from "@/lib/client/chat/chat-list";
import { useSession } from "@/lib/client/chat/chat-session";
import { ChatListRow } from "./chat-list-row";

/** How many rows are rendered at once; thousands of rows with their menus would take a second. */
const FIRST_ROWS = 200;

export function ChatList({ onChosen }: { readonly onChosen: (() => void) | undefined }) {
  const data = useChatList(state => state.data);
  const error = useChatList(state => state.error);
  const openId = useSession(session => session.chat.id);
  const [showsAll, setShowsAll] = useState(false);
  if (error) return <p className="p-2 text-bad text-sm">{error.message}</p>;
  if (data === null) return <p className="p-2 text-ink-3 text-sm">Reading the history …</p>;
  const rows = showsAll ? data.chats : data.chats.slice(0, FIRST_ROWS);
  return (
    <>
      {data.notice !== null && <p className="mb-2 rounded-control bg-warn-soft p-2 text-sm text-warn">{data.notice}</p>}
      {rows.length === 0 && <p className="p-2 text-ink-3 text-sm">Your chats will be listed here.</p>}
      {groupChats(rows, Date.now()).map(group => (
        <ChatListGroup key={group.label} group={group} openId={openId} onChosen={onChosen} />
      ))}
      {rows.length < data.chats.length && (
        <Button look="quiet" size="sm" onClick={() => setShowsAll(true)}>
          Show all {data.chats.length.toLocaleString("en-US")} chats
        </Button>
      )}
    </>
  );
}

interface ChatListGroupProps {
  readonly group: ChatGroup;
  readonly openId: string;
  readonly onChosen: (() => void) | undefined;
}

/** A folder can be folded; a date group cannot. */
function ChatListGroup({ group, openId, onChosen }: ChatListGroupProps) {
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
