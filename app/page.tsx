import type { Metadata } from "next";
import { ChatScreen } from "@/components/chat/chat-screen";

export const metadata: Metadata = { title: "Chat" };

export default function ChatPage() {
  return (
    <>
      <h1 className="sr-only">Chat</h1>
      <ChatScreen />
    </>
  );
}
