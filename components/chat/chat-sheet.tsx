"use client";
import { Dialog } from "@/components/ui/dialog";
import { ChatSidebar } from "./sidebar/chat-sidebar";

/** The list of chats over the open one: for a phone. */
export default function ChatSheet({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog open onOpenChange={open => !open && onClose()} title="Chats" place="left">
      <div className="-m-4">
        <ChatSidebar onChosen={onClose} />
      </div>
    </Dialog>
  );
}
