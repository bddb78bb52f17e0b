interface Letter {
  readonly next: Map<string, Letter>;
  isEnd: boolean;
}

const newLetter = (): Letter => ({ next: new Map(), isEnd: false });

function tree(words: readonly string[]): Letter {
  const root = newLetter();
  for (const word of words) {
    let at = root;
    for (const character of word) {
      const next = at.next.get(character) ?? newLetter();
      at.next.set(character, next);
      at = next;
    }
    at.isEnd = true;
  }
  return root;
}

/** A character inside of a class of llama.cpp's grammar language. */
export const inClass = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  return /[\]\\^-]/.test(character) ? `\\${character}` : character;
};

/** A character that JSON holds only after a backslash. */
const isEscaped = (character: string): boolean => character < " " || character === '"' || character === "\\";

/**
 * A JSON string that is none of these. A string with an escape where the difference is made is left out as well, because the escape
 * could stand for the excluded character; llama.cpp lets any character through there.
 *
 * @see llama.cpp common/json-schema-to-grammar.cpp, _not_strings
 */
export function otherStrings(words: readonly string[]): string {
  const root = tree(words);
  return `["] ( ${alternatives(root)} )${root.isEnd ? "" : "?"} ["]`;
}

function alternatives({ next }: Letter): string {
  const letters = [...next].filter(([character]) => !isEscaped(character)).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = letters.map(([character, letter]) =>
    letter.next.size > 0 ? `[${inClass(character)}] (${alternatives(letter)})` : `[${inClass(character)}] char+`,
  );
  const others = letters.map(([character]) => inClass(character)).join("");
  return [...parts, `[^"\\\\\\x7F\\x00-\\x1F${others}] char*`].join(" | ");
}
