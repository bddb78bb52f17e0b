"use client";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, FieldInput } from "@/components/ui/field";
import { showFailure } from "@/components/ui/toast/show-failure";
import { folderNames } from "@/lib/client/chat/chat-groups";
import { changeChat, useChatList } from "@/lib/client/chat/chat-list";
import type { ListedChat } from "@/lib/schema/chat";

/** Naming a folder creates it. It disappears with its last chat. */
export default function FolderDialog({ chat, onDone }: { readonly chat: ListedChat; readonly onDone: () => void }) {
  const rows = useChatList(state => state.data?.chats);
  const [name, setName] = useState("");
  const move = (folder: string | null) => {
    onDone();
    changeChat(chat.id, { folder }).catch(showFailure("The chat was not moved"));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") move(name.trim());
  };
  return (
    <Dialog onClose={onDone} title="Move to folder" description={chat.title}>
      <div className="flex flex-col gap-3">
        <div className="flex flex-wrap gap-2">
          {folderNames(rows ?? [])
            .filter(folder => folder !== chat.folder)
            .map(folder => (
              <Button key={folder} size="sm" onClick={() => move(folder)}>
                {folder}
              </Button>
            ))}
          {chat.folder !== null && (
            <Button size="sm" look="quiet" onClick={() => move(null)}>
              Out of “{chat.folder}”
            </Button>
          )}
        </div>
        <form onSubmit={submit} className="flex items-end gap-2">
          <div className="flex-1">
            <Field label="New folder">
              <FieldInput value={name} maxLength={60} onChange={event => setName(event.target.value)} />
            </Field>
          </div>
          <Button type="submit" look="primary" disabled={name.trim() === ""}>
            Move
          </Button>
        </form>
      </div>
    </Dialog>
  );
}
