/** The longest line that the log keeps. */
const MAX_LINE_CHARACTERS = 2000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Foreign text as one harmless log line: no line breaks, no terminal sequences, bounded length. */
export function escapeLine(text: string): string {
  const cut = text.length > MAX_LINE_CHARACTERS ? `${text.slice(0, MAX_LINE_CHARACTERS)}…` : text;
  return cut.replace(unprintable, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
