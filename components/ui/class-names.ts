/** Joins class names, leaving out what is off: `classNames("tab", selected && "tab-on")`. */
export const classNames = (...names: readonly (string | false | null | undefined)[]): string =>
  names.filter(Boolean).join(" ");
