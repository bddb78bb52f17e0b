/** Something to do, with `isChosen` one of several choices, or with a `path` the way to another page. */
export type MenuEntry =
  | { readonly label: string; readonly run: () => void; readonly isChosen?: boolean }
  | { readonly label: string; readonly path: string; readonly isCurrent: boolean };
