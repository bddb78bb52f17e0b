import { showFailure } from "@/components/ui/toast/show-failure";
import { showToast } from "@/components/ui/toast/toast";
import { removeChat, restoreChat } from "@/lib/client/chat/chat-list";
import { goToChat } from "@/lib/client/chat/chat-location";
import { sessionStore } from "@/lib/client/chat/chat-session";
import type { Chat } from "@/lib/schema/chat";

/** Deletes without asking first, and offers an undo afterwards. */
export function deleteWithUndo(chat: Chat): void {
  const wasOpen = sessionStore.get().chat.id === chat.id;
  if (wasOpen) goToChat(null);
  const undo = () => {
    restoreChat(chat.id)
      .then(() => (wasOpen ? goToChat(chat.id) : undefined))
      .catch(showFailure("The chat was not brought back"));
  };
  removeChat(chat.id)
    .then(() => showToast({ title: `Deleted “${chat.title}”`, action: { label: "Undo", run: undo } }))
    .catch(showFailure("The chat was not deleted"));
}
