/** A chat, a hit of the search, or a command. */
export interface PaletteItem {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  /** The keys that do the same. */
  readonly keys?: string;
  readonly run: () => void;
}
