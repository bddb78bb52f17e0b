export interface MenuEntry {
  readonly label: string;
  readonly run: () => void;
}
