"use client";
import { Ellipsis } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { buttonClass } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu/menu";
import { showFailure } from "@/components/ui/toast/show-failure";
import { apiAddress } from "@/lib/client/api-request";
import { changeChat } from "@/lib/client/chat/chat-list";
import { exportChat } from "@/lib/schema/api/chats";
import type { ListedChat } from "@/lib/schema/chat";
import { deleteWithUndo } from "./delete-with-undo";

const FolderDialog = lazy(() => import("./folder-dialog"));

interface ChatRowMenuProps {
  readonly chat: ListedChat;
  readonly onRename: () => void;
}

/** The actions for a chat. */
export function ChatRowMenu({ chat, onRename }: ChatRowMenuProps) {
  const [isMoving, setMoving] = useState(false);
  const togglePin = () =>
    void changeChat(chat.id, { pinned: !chat.pinned }).catch(showFailure("The chat was not changed"));
  const download = (format: "json" | "markdown") =>
    window.location.assign(apiAddress(exportChat, { params: { id: chat.id }, query: { format } }));
  return (
    <>
      <Menu
        trigger={
          <button type="button" aria-label={`Actions for ${chat.title}`} className={buttonClass("quiet", "icon")}>
            <Ellipsis aria-hidden size={16} className="text-ink-3" />
          </button>
        }
        entries={[
          { label: "Rename", run: onRename },
          { label: chat.pinned ? "Unpin" : "Pin", run: togglePin },
          { label: "Move to folder …", run: () => setMoving(true) },
          { label: "Export as Markdown", run: () => download("markdown") },
          { label: "Export as JSON", run: () => download("json") },
          { label: "Delete", run: () => deleteWithUndo(chat) },
        ]}
      />
      {isMoving && (
        <Suspense>
          <FolderDialog chat={chat} onDone={() => setMoving(false)} />
        </Suspense>
      )}
    </>
  );
}
