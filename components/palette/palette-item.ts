import type { LucideIcon } from "lucide-react";

/** In the order in which they are shown. */
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

/** A chat, a hit of the search, or a command. */
export interface PaletteItem {
  readonly id: string;
  readonly group: (typeof paletteGroups)[number];
  readonly icon: LucideIcon;
  readonly label: string;
  readonly detail: string;
  /** The keys that do the same. */
  readonly keys?: string;
  readonly run: () => void;
}
