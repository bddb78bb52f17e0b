import { setTemporary, stopAnswer } from "@/lib/client/chat-actions";
import { goToChat } from "@/lib/client/chat-location";
import { sessionStore } from "@/lib/client/chat-session";
import { setTheme } from "@/lib/client/theme";
import { deleteWithUndo } from "./delete-with-undo";
import type { PaletteItem } from "./palette-item";
import { showFailure } from "./show-failure";

interface PaletteActions {
  readonly goToPage: (path: string) => void;
  readonly showShortcuts: () => void;
}

const command = (label: string, run: () => void, keys?: string): PaletteItem => ({
  id: `command ${label}`,
  label,
  detail: "",
  run,
  ...(keys !== undefined && { keys }),
});

function newTemporaryChat(): void {
  void goToChat(null);
  setTemporary(true);
}

/** What can be done now; commands for the open chat only where there is one. */
export function paletteCommands({ goToPage, showShortcuts }: PaletteActions): PaletteItem[] {
  const { answering, phase, chat } = sessionStore.get();
  const isKept = phase === "ready" && !chat.temporary;
  const exportChat = (format: string) => () => window.location.assign(`/api/chats/${chat.id}/export?format=${format}`);
  return [
    ...(answering
      ? [command("Stop the answer", () => void stopAnswer().catch(showFailure("The answer was not stopped")), "Escape")]
      : []),
    command("New chat", () => void goToChat(null), "Ctrl or ⌘ + Shift + O"),
    command("New temporary chat", newTemporaryChat, "Ctrl or ⌘ + Alt + Shift + O"),
    ...(isKept
      ? [
          command("Export this chat as Markdown", exportChat("markdown")),
          command("Export this chat as JSON", exportChat("json")),
          command("Delete this chat", () => deleteWithUndo(chat)),
        ]
      : []),
    command("Dashboard", () => goToPage("/dashboard")),
    command("Models", () => goToPage("/models")),
    command("Export all chats", () => window.location.assign("/api/chats/export")),
    command("Light theme", () => setTheme("light")),
    command("Dark theme", () => setTheme("dark")),
    command("Theme of the system", () => setTheme("system")),
    command("Keyboard shortcuts", showShortcuts, "Ctrl or ⌘ + /"),
  ];
}
