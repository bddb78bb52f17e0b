import type { LucideIcon } from "lucide-react";

/** In display order. */
export const paletteGroups = [
  "Now",
  "Go to",
  "New",
  "This chat",
  "Chats",
  "Model",
  "Look and help",
  "In your chats",
] as const;

/** A chat, a search hit, or a command. */
export interface PaletteItem {
  readonly id: string;
  readonly group: (typeof paletteGroups)[number];
  readonly icon: LucideIcon;
  readonly label: string;
  readonly detail: string;
  /** The keyboard shortcut for the same. */
  readonly keys?: string;
  readonly run: () => void;
}
