/** Joins class names and leaves out false ones: `classNames("tab", selected && "tab-on")`. */
export const classNames = (...names: readonly (string | false | null | undefined)[]): string =>
  names.filter(Boolean).join(" ");
