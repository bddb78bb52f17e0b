/** Fenced blocks and inline code, closed or (while they arrive) still open: nothing in them is math. */
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/;

/** Models write \( \) and \[ \], the parser knows pairs of dollars. Single dollars stay what they are: prices. */
export function withDollarMath(text: string): string {
  if (!text.includes("\\(") && !text.includes("\\[")) return text;
  return text
    .split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : dollarsIn(part)))
    .join("");
}

const dollarsIn = (prose: string): string =>
  prose
    .replaceAll(/\\\[([\s\S]+?)\\\]/g, (_whole, math: string) => `\n$$\n${math.trim()}\n$$\n`)
    .replaceAll(/\\\(([\s\S]+?)\\\)/g, (_whole, math: string) => `$$${math.trim()}$$`);
