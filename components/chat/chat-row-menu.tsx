"use client";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { buttonClass } from "@/components/ui/button";
import { Menu, MenuItem } from "@/components/ui/menu";
import { patchChat } from "@/lib/client/chat-list";
import type { ChatListRow } from "@/lib/schema/chat";
import { deleteWithUndo } from "./delete-with-undo";
import { FolderDialog } from "./folder-dialog";
import { showFailure } from "./show-failure";

interface ChatRowMenuProps {
  readonly chat: ChatListRow;
  readonly onRename: () => void;
}

const download = (path: string) => () => window.location.assign(path);

/** What can be done with a chat. */
export function ChatRowMenu({ chat, onRename }: ChatRowMenuProps) {
  const [isMoving, setMoving] = useState(false);
  const togglePin = () =>
    void patchChat(chat.id, { pinned: !chat.pinned }).catch(showFailure("The chat was not changed"));
  return (
    <>
      <Menu
        trigger={
          <button type="button" aria-label={`Actions for ${chat.title}`} className={buttonClass("quiet", "icon")}>
            <Ellipsis aria-hidden size={16} className="text-ink-3" />
          </button>
        }
      >
        <MenuItem onSelect={onRename}>Rename</MenuItem>
        <MenuItem onSelect={togglePin}>{chat.pinned ? "Unpin" : "Pin"}</MenuItem>
        <MenuItem onSelect={() => setMoving(true)}>Move to folder …</MenuItem>
        <MenuItem onSelect={download(`/api/chats/${chat.id}/export?format=markdown`)}>Export as Markdown</MenuItem>
        <MenuItem onSelect={download(`/api/chats/${chat.id}/export`)}>Export as JSON</MenuItem>
        <MenuItem onSelect={() => deleteWithUndo(chat)}>Delete</MenuItem>
      </Menu>
      {isMoving && <FolderDialog chat={chat} onDone={() => setMoving(false)} />}
    </>
  );
}
