/** A parsed part of a grammar in llama.cpp's language. */
type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "class"; readonly isNegated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "group"; readonly choices: readonly (readonly Part[])[] }
  | { readonly kind: "repeat"; readonly part: Part; readonly least: number; readonly most: number };

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Reads what llama.cpp's own parser reads, as far as our grammars use it. @see llama.cpp grammars/README.md */
class GrammarParser {
  #at = 0;
  constructor(private readonly source: string) {}

  choices(): Part[][] {
    const choices: Part[][] = [[]];
    for (this.#skip(); this.#at < this.source.length && this.source[this.#at] !== ")"; this.#skip()) {
      if (this.source[this.#at] === "|") {
        this.#at += 1;
        choices.push([]);
      } else choices.at(-1)?.push(this.#repeated(this.#part()));
    }
    return choices;
  }

  #skip(): void {
    while (this.source[this.#at] === " ") this.#at += 1;
  }

  #part(): Part {
    const start = this.source[this.#at] ?? "";
    if (start === '"')
      return {
        kind: "text",
        text: this.#until('"')
          .map(code => String.fromCodePoint(code))
          .join(""),
      };
    if (start === "[") return this.#class();
    if (start === "(") {
      this.#at += 1;
      const choices = this.choices();
      if (this.source[this.#at] !== ")") throw new Error(`A group is not closed: ${this.source}`);
      this.#at += 1;
      return { kind: "group", choices };
    }
    const name = /^[a-zA-Z0-9-]+/.exec(this.source.slice(this.#at))?.[0];
    if (name === undefined) throw new Error(`Cannot read ${this.source.slice(this.#at)}`);
    this.#at += name.length;
    return { kind: "rule", name };
  }

  #until(end: string): number[] {
    this.#at += 1;
    const codes: number[] = [];
    while (this.source[this.#at] !== end) codes.push(this.#code());
    this.#at += 1;
    return codes;
  }

  #code(): number {
    const code = this.source.codePointAt(this.#at);
    if (code === undefined) throw new Error(`Ends too early: ${this.source}`);
    this.#at += code > 0xffff ? 2 : 1;
    if (code !== 0x5c) return code;
    const letter = this.source[this.#at] ?? "";
    this.#at += 1;
    if (letter !== "x") return (escapes[letter] ?? letter).codePointAt(0) ?? 0;
    this.#at += 2;
    return Number.parseInt(this.source.slice(this.#at - 2, this.#at), 16);
  }

  #class(): Part {
    this.#at += 1;
    const isNegated = this.source[this.#at] === "^";
    if (isNegated) this.#at += 1;
    const ranges: [number, number][] = [];
    while (this.source[this.#at] !== "]") {
      const from = this.#code();
      const isRange = this.source[this.#at] === "-" && this.source[this.#at + 1] !== "]";
      if (isRange) this.#at += 1;
      ranges.push([from, isRange ? this.#code() : from]);
    }
    this.#at += 1;
    return { kind: "class", isNegated, ranges };
  }

  #repeated(part: Part): Part {
    const sign = this.source[this.#at] ?? "";
    const counted = /^\{(\d+)(,?)(\d*)\}/.exec(this.source.slice(this.#at));
    if (counted === null && !"*+?".includes(sign || " ")) return part;
    this.#at += counted?.[0].length ?? 1;
    if (counted === null)
      return this.#repeated({ kind: "repeat", part, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : 1e9 });
    const least = Number(counted[1]);
    return { kind: "repeat", part, least, most: counted[2] === "" ? least : counted[3] ? Number(counted[3]) : 1e9 };
  }
}

/** Characters that negated classes give, with some that JSON and patterns treat in a special way. */
const anyCharacters = [..."abcXYZ019 _-./:,{}[]()'é漢😀"];

/** How much deeper texts become before their parts are kept short. */
const DEPTH = 12;

/**
 * A random text that the grammar allows.
 *
 * @param random a number from 0 to 1
 */
export function grammarText(grammar: string, random: () => number): string {
  const rules = new Map(
    grammar
      .trim()
      .split("\n")
      .map(line => {
        const [name = "", body = ""] = line.split(/ ::= ?(.*)/s);
        return [name, new GrammarParser(body).choices()] as const;
      }),
  );
  const below = (count: number): number => Math.min(count - 1, Math.floor(random() * count));

  const choose = (choices: readonly (readonly Part[])[], depth: number): string => {
    // Deep inside, the last alternative of a value is its simplest one: null.
    const chosen = depth > DEPTH ? choices.at(-1) : choices[below(choices.length)];
    return (chosen ?? []).map(part => write(part, depth)).join("");
  };
  const write = (part: Part, depth: number): string => {
    if (part.kind === "text") return part.text;
    if (part.kind === "group") return choose(part.choices, depth + 1);
    if (part.kind === "repeat") {
      const extra = depth > DEPTH ? 0 : below(Math.min(4, part.most - part.least + 1));
      return Array.from({ length: part.least + extra }, () => write(part.part, depth + 1)).join("");
    }
    if (part.kind === "class") return classText(part);
    const rule = rules.get(part.name);
    if (rule === undefined) throw new Error(`The grammar has no rule "${part.name}".`);
    return choose(rule, depth + 1);
  };
  const classText = ({ ranges, isNegated }: Extract<Part, { kind: "class" }>): string => {
    const isIn = (code: number): boolean => ranges.some(([from, to]) => code >= from && code <= to);
    if (isNegated) {
      const allowed = anyCharacters.filter(character => !isIn(character.codePointAt(0) ?? 0));
      return allowed[below(allowed.length)] ?? "q";
    }
    const [from, to] = ranges[below(ranges.length)] ?? [0, 0];
    return String.fromCodePoint(from + below(to - from + 1));
  };
  return choose(rules.get("root") ?? [], 0);
}
