/** Fenced blocks and inline code, closed or (while they arrive) still open: nothing in them is math. */
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/;

const hasClosedMath = /\$\$[\s\S]+?\$\$|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]/;

/** Whether a text holds math, so that the typesetter is only loaded for one that does. */
export const hasMath = (text: string): boolean =>
  text.split(CODE).some((part, index) => index % 2 === 0 && hasClosedMath.test(part));

/**
 * Models write \( \) and \[ \], the parser knows dollars. Single dollars stay what they are: prices.
 */
export const withDollarMath = (text: string): string =>
  text
    .split(CODE)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/\\\[([\s\S]+?)\\\]/g, (_whole, math: string) => `\n$$\n${math.trim()}\n$$\n`)
            .replaceAll(/\\\(([\s\S]+?)\\\)/g, (_whole, math: string) => `$$${math.trim()}$$`),
    )
    .join("");
