"use client";
import { Dialog } from "@/components/ui/dialog";
import { ChatSidebar } from "./sidebar/chat-sidebar";

/** On a phone: the list of chats over the open chat. */
export default function ChatSheet({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog onClose={onClose} title="Chats" place="left">
      <div className="-m-4">
        <ChatSidebar onChosen={onClose} />
      </div>
    </Dialog>
  );
}
