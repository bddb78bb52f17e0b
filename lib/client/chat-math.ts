/**
 * What the text consists of, in the order in which it is tried at each place. Code comes first, closed or (while it
 * arrives) still open: nothing in it is math.
 */
const TOKENS = [
  /(?<fence>`{3,}|~{3,})[\s\S]*?(?:\k<fence>|(?![\s\S]))/,
  /(?<ticks>`+)[^\n]*?(?<!`)\k<ticks>(?!`)/,
  // A display formula alone on its lines, within a list or a quote as well: $$ on one line, \[ \] on several.
  /^(?<inset>[ \t>]*)(?:\$\$(?<line>(?:\\.|[^\\$\n])+)\$\$|\\\[(?<lines>[\s\S]+?)\\\])[ \t]*$/,
  // What the parser reads by itself: pairs of dollars, closed or not, and escaped ones.
  /\$\$[^$]+\$\$|^[ \t>]*\$\$[\s\S]*|\$\$+|\\\$/,
  /\\\[(?<display>[\s\S]+?)\\\]/,
  /\\\((?<inline>[\s\S]+?)\\\)/,
  // As pandoc tells $x$ from prices: no blank inside of either dollar, no digit after the closing one.
  /(?<!\w)\$(?!\s)(?<dollar>(?:\\.|[^\\$\n])+)(?<!\s)\$(?!\d)/,
];

const TOKEN = new RegExp(TOKENS.map(({ source }) => source).join("|"), "gm");

/** Models write \( \), \[ \] and $ $; the parser knows pairs of dollars, and display math on lines of its own. */
export function withDollarMath(text: string): string {
  if (!text.includes("$") && !text.includes("\\(") && !text.includes("\\[")) return text;
  return text.replaceAll(TOKEN, (whole, ...rest) => mathIn(rest.at(-1)) ?? whole);
}

function mathIn({ inset = "", line, lines, display, inline, dollar }: Record<string, string | undefined>) {
  const alone = line ?? lines;
  if (alone !== undefined) return `$$\n${alone.trim()}\n$$`.replaceAll(/^[ \t>]*/gm, inset);
  if (display !== undefined) return `\n$$\n${display.trim()}\n$$\n`;
  const within = inline ?? dollar;
  return within === undefined ? undefined : `$$${within.trim()}$$`;
}
