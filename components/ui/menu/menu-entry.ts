/** An action. With `isChosen` it is one of several choices; with a `path` it links to another page. */
export type MenuEntry =
  | { readonly label: string; readonly run: () => void; readonly isChosen?: boolean }
  | { readonly label: string; readonly path: string; readonly isCurrent: boolean };
