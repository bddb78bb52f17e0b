/** A chat, a hit of the search, or a command. */
export interface PaletteItem {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly run: () => void;
}
