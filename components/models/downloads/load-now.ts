import { applyAndReport } from "@/components/settings/apply-and-report";
import { goToChat } from "@/lib/client/chat-location";

/** Makes this model the one in use, and opens a new chat with it. @param openChatScreen leads to the chat from another screen */
export async function loadNow(name: string, openChatScreen: () => void): Promise<void> {
  if (window.location.pathname === "/") void goToChat(null);
  else openChatScreen();
  await applyAndReport({ MODEL: name }, "all");
}
