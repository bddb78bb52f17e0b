import {
  Box,
  Download,
  EyeOff,
  FileJson,
  FileText,
  Gauge,
  Keyboard,
  type LucideIcon,
  MessageSquare,
  Moon,
  Plus,
  Square,
  Sun,
  SunMoon,
  Trash2,
} from "lucide-react";
import { deleteWithUndo } from "@/components/chat/sidebar/delete-with-undo";
import { showFailure } from "@/components/ui/toast/show-failure";
import { apiAddress } from "@/lib/client/api-request";
import { setTemporary, stopAnswering } from "@/lib/client/chat/chat-actions";
import { sessionStore } from "@/lib/client/chat/chat-session";
import { showOverlay } from "@/lib/client/palette-store";
import { setTheme } from "@/lib/client/theme";
import { exportChats } from "@/lib/schema/api/chats";
import type { PaletteItem } from "./palette-item";
import type { PalettePlaces } from "./use-palette-places";

type Command = [label: string, icon: LucideIcon, run: () => void, keys?: string];

const group = (name: PaletteItem["group"], commands: readonly Command[]): PaletteItem[] =>
  commands.map(([label, icon, run, keys]) => ({
    id: `command ${label}`,
    group: name,
    icon,
    label,
    detail: "",
    run,
    ...(keys !== undefined && { keys }),
  }));

/** The commands that are possible now. Commands for the open chat appear only while it is shown. */
export function paletteCommands({ isOnChat, goToPage, showChat }: PalettePlaces): PaletteItem[] {
  const { answering, phase, chat } = sessionStore.get();
  const isKept = isOnChat && phase === "ready" && !chat.temporary;
  const exportChat = (format: string) => () => window.location.assign(`/api/chats/${chat.id}/export?format=${format}`);
  const stop = () => void stopAnswering().catch(showFailure("The answer was not stopped"));
  const newTemporary = () => void showChat(null).then(() => setTemporary(true));
  return [
    ...group("Now", isOnChat && answering ? [["Stop the answer", Square, stop, "Escape"]] : []),
    ...group("Go to", [
      ...(isOnChat ? [] : [["Chat", MessageSquare, () => goToPage("/")] satisfies Command]),
      ["Dashboard", Gauge, () => goToPage("/dashboard")],
      ["Models", Box, () => goToPage("/models")],
    ]),
    ...group("New", [
      ["New chat", Plus, () => void showChat(null), "Ctrl or ⌘ + Shift + O"],
      ["New temporary chat", EyeOff, newTemporary, "Ctrl or ⌘ + Alt + Shift + O"],
    ]),
    ...(isKept
      ? group("This chat", [
          ["Export this chat as Markdown", FileText, exportChat("markdown")],
          ["Export this chat as JSON", FileJson, exportChat("json")],
          ["Delete this chat", Trash2, () => deleteWithUndo(chat)],
        ])
      : []),
    ...group("Look and help", [
      ["Light theme", Sun, () => setTheme("light")],
      ["Dark theme", Moon, () => setTheme("dark")],
      ["Theme of the system", SunMoon, () => setTheme("system")],
      ["Export all chats", Download, () => window.location.assign(apiAddress(exportChats, {}))],
      ["Keyboard shortcuts", Keyboard, () => showOverlay("shortcuts"), "Ctrl or ⌘ + /"],
    ]),
  ];
}
