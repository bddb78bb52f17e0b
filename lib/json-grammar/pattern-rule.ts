import { type GrammarRules, literal, repeated } from "./grammar-rules";
import { JsonSchemaError } from "./json-schema-error";
import { inClass } from "./other-strings";

const MOST_DEPTH = 100;
const MOST_REPETITIONS = 2000;

/** One item of a sequence. The text of a literal is what the JSON string holds, with JSON's own backslashes. */
type Item = { readonly literal: string } | { readonly rule: string };

interface CodeRange {
  readonly from: number;
  readonly to: number;
}

const one = (code: number): CodeRange => ({ from: code, to: code });
const range = (from: string, to: string): CodeRange => ({ from: codeOf(from), to: codeOf(to) });
const codeOf = (character: string): number => character.codePointAt(0) ?? 0;

const shorthands: Readonly<Record<string, readonly CodeRange[]>> = {
  d: [range("0", "9")],
  w: [range("a", "z"), range("A", "Z"), range("0", "9"), one(codeOf("_"))],
  s: [one(0x20), one(0x09), one(0x0a), one(0x0d), one(0x0c)],
};
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, r: 0x0d, f: 0x0c, v: 0x0b, 0: 0 };

/** Characters that JSON writes with a backslash. */
const jsonEscaped = [...Array.from({ length: 0x20 }, (_, code) => code), 0x22, 0x5c, 0x7f];

/** A character as a JSON string holds it. */
function inJson(code: number): string {
  if (code === 0x7f) return "\\u007F";
  return JSON.stringify(String.fromCodePoint(code)).slice(1, -1);
}

class PatternReader {
  #at = 0;
  #depth = 0;
  /** Rules of repeated items, so that an equal item gets one rule. */
  readonly #repeatedRules = new Map<string, string>();
  readonly #characters: readonly string[];

  constructor(
    body: string,
    private readonly pattern: string,
    private readonly rules: GrammarRules,
    private readonly name: string,
    private readonly path: string,
  ) {
    this.#characters = [...body];
  }

  read(): string {
    const rule = this.#sequence();
    if (this.#at < this.#characters.length) this.#fail("has a closing parenthesis too many");
    return rule;
  }

  #fail(why: string): never {
    throw new JsonSchemaError(this.path, `the pattern "${this.pattern}" ${why}.`);
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) this.#fail("ends too early");
    this.#at += 1;
    return character;
  }

  #sequence(): string {
    const items: Item[] = [];
    while (this.#next !== undefined && this.#next !== ")") this.#item(items);
    return joined(items);
  }

  #item(items: Item[]): void {
    const character = this.#take();
    if (character === "(") items.push(this.#group());
    else if (character === "[") items.push({ rule: this.#class() });
    else if (character === ".") items.push({ rule: this.#dot() });
    else if (character === "|") items.push({ rule: "|" });
    else if (character === "^" || character === "$")
      this.#fail(`has "${character}" in its middle, which is not supported`);
    else if (character === "\\") items.push(this.#escape());
    else if ("*+?".includes(character)) this.#repeat(items, character);
    else if (character === "{") this.#repeatCounted(items);
    else items.push({ literal: inJson(codeOf(character)) });
  }

  #dot(): string {
    return this.rules.addBuiltIn("dot");
  }

  #group(): Item {
    if (this.#next === "?") {
      this.#at += 1;
      const kind = this.#take();
      const isNamed = kind === "<" && /[a-zA-Z_$]/.test(this.#next ?? "");
      if (isNamed) while (this.#take() !== ">");
      else if (kind !== ":") this.#fail("looks ahead or behind, which is not supported");
    }
    this.#depth += 1;
    if (this.#depth > MOST_DEPTH) this.#fail("has too many groups inside each other");
    const rule = this.#sequence();
    if (this.#next !== ")") this.#fail("has a parenthesis that is not closed");
    this.#at += 1;
    this.#depth -= 1;
    return { rule: `(${rule})` };
  }

  #lastOf(items: Item[]): Item {
    const last = items.pop();
    if (last === undefined || ("rule" in last && last.rule === "|")) this.#fail("repeats nothing");
    return last;
  }

  #repeat(items: Item[], sign: string): void {
    items.push({ rule: `${ruleOf(this.#lastOf(items))}${sign}` });
    this.#skipLazy();
  }

  #repeatCounted(items: Item[]): void {
    let counts = "";
    while (this.#next !== undefined && this.#next !== "}") counts += this.#take();
    const match = /^(\d*)(,?)(\d*)$/.exec(counts);
    if (this.#next === undefined || match === null || match[1] === "")
      this.#fail(`has "{" without a number of repetitions; write "\\{" for the character`);
    this.#at += 1;
    const least = Number(match[1]);
    const most = match[2] === "" ? least : match[3] === "" ? null : Number(match[3]);
    if (Math.max(least, most ?? 0) > MOST_REPETITIONS) this.#fail(`repeats more than ${MOST_REPETITIONS} times`);
    if (most !== null && most < least) this.#fail("has a range of repetitions out of order");
    const last = this.#lastOf(items);
    if (most === 0) items.push({ literal: "" });
    else items.push({ rule: repeated(this.#repeatable(last), least, most) });
    this.#skipLazy();
  }

  #repeatable(item: Item): string {
    if ("literal" in item) return ruleOf(item);
    const known = this.#repeatedRules.get(item.rule);
    const name = known ?? this.rules.add(`${this.name}-${this.#repeatedRules.size}`, item.rule);
    this.#repeatedRules.set(item.rule, name);
    return name;
  }

  /** A lazy repetition matches the same texts. */
  #skipLazy(): void {
    if (this.#next === "?") this.#at += 1;
  }

  #escape(): Item {
    const set = this.#shorthand();
    if (set !== null) return { rule: classRule(set.ranges, set.isNegated) };
    return { literal: inJson(this.#escapedCode()) };
  }

  #shorthand(): { ranges: readonly CodeRange[]; isNegated: boolean } | null {
    const letter = this.#next ?? "";
    const ranges = shorthands[letter.toLowerCase()];
    if (ranges === undefined) return null;
    this.#at += 1;
    return { ranges, isNegated: letter !== letter.toLowerCase() };
  }

  /** The character that an escape stands for. */
  #escapedCode(): number {
    const letter = this.#take();
    if (letter === "x" || letter === "u") return this.#hexCode(letter);
    if (Object.hasOwn(controls, letter)) return controls[letter] ?? 0;
    if (/[a-zA-Z0-9]/.test(letter)) this.#fail(`has "\\${letter}", which is not supported`);
    return codeOf(letter);
  }

  #hexCode(letter: "x" | "u"): number {
    const length = letter === "x" ? 2 : 4;
    const digits = Array.from({ length }, () => this.#take()).join("");
    return this.#validCode(digits);
  }

  #validCode(digits: string): number {
    const code = /^[0-9a-fA-F]{1,6}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
    if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff))
      this.#fail(`has an escape that is no character: "${digits}"`);
    return code;
  }

  #class(): string {
    const isNegated = this.#next === "^";
    if (isNegated) this.#at += 1;
    const ranges: CodeRange[] = [];
    while (this.#next !== "]") {
      if (this.#next === undefined) this.#fail("has a bracket that is not closed");
      const start = this.#classPart();
      if (Array.isArray(start)) ranges.push(...start);
      else ranges.push(this.#classRange(start as number));
    }
    this.#at += 1;
    if (ranges.length === 0) this.#fail("has empty brackets");
    return classRule(ranges, isNegated);
  }

  #classRange(from: number): CodeRange {
    if (this.#next !== "-" || this.#characters[this.#at + 1] === "]") return one(from);
    this.#at += 1;
    const to = this.#classPart();
    if (typeof to !== "number" || to < from) this.#fail("has a range out of order in its brackets");
    return { from, to };
  }

  #classPart(): number | readonly CodeRange[] {
    const character = this.#take();
    if (character !== "\\") return codeOf(character);
    if (this.#next === "b") {
      this.#at += 1;
      return 0x08;
    }
    const set = this.#shorthand();
    if (set === null) return this.#escapedCode();
    if (set.isNegated) this.#fail("has a negated class inside of brackets, which is not supported");
    return set.ranges;
  }
}

const ruleOf = (item: Item): string => ("literal" in item ? literal(item.literal) : item.rule);

/** Neighbouring literals become one. */
function joined(items: readonly Item[]): string {
  const rules: string[] = [];
  let text = "";
  const flush = (): void => {
    if (text !== "") rules.push(literal(text));
    text = "";
  };
  for (const item of items) {
    if ("literal" in item) text += item.literal;
    else {
      flush();
      rules.push(item.rule);
    }
  }
  flush();
  return rules.join(" ");
}

const classCharacter = (code: number): string => inClass(String.fromCodePoint(code));
const classRange = ({ from, to }: CodeRange): string =>
  from === to ? classCharacter(from) : `${classCharacter(from)}-${classCharacter(to)}`;

/** The parts of a range that a JSON string holds as they are. */
function rawParts({ from, to }: CodeRange): CodeRange[] {
  const parts: CodeRange[] = [];
  let start = from;
  for (const code of jsonEscaped.filter(code => code >= from && code <= to)) {
    if (code > start) parts.push({ from: start, to: code - 1 });
    start = code + 1;
  }
  return start <= to ? [...parts, { from: start, to }] : parts;
}

/** A class as a rule. Characters that JSON writes with a backslash become alternatives. */
function classRule(ranges: readonly CodeRange[], isNegated: boolean): string {
  const isIn = (code: number): boolean => ranges.some(({ from, to }) => code >= from && code <= to);
  const raw = ranges.flatMap(rawParts).map(classRange).join("");
  const escaped = jsonEscaped.filter(code => isIn(code) !== isNegated && isWritten(code, isNegated));
  const alternatives = escaped.map(code => literal(inJson(code)));
  if (isNegated) alternatives.unshift(`[^"\\\\\\x7F\\x00-\\x1F${raw}]`);
  else if (raw !== "") alternatives.unshift(`[${raw}]`);
  return alternatives.length === 1 ? (alternatives[0] ?? "") : `(${alternatives.join(" | ")})`;
}

/** A negated class allows the usual control characters and leaves out those that nobody means. */
const isWritten = (code: number, isNegated: boolean): boolean =>
  !isNegated || [0x09, 0x0a, 0x0d, 0x22, 0x5c].includes(code);

/**
 * A JSON string whose text the pattern matches. A pattern that is not tied to the start or the end of the text may have any text there.
 * Unlike llama.cpp's version it writes what the JSON string holds, so that quotes and backslashes are escaped.
 *
 * @throws JsonSchemaError for a pattern that is invalid or that no grammar can express
 */
export function patternRule(pattern: string, rules: GrammarRules, name: string, path: string): string {
  const isTiedToStart = pattern.startsWith("^");
  const isTiedToEnd = /(^|[^\\])(\\\\)*\$$/.test(pattern);
  const body = pattern.slice(isTiedToStart ? 1 : 0, isTiedToEnd ? -1 : undefined);
  const rule = new PatternReader(body, pattern, rules, name, path).read();
  const anything = isTiedToStart && isTiedToEnd ? "" : `${rules.addBuiltIn("char")}*`;
  const parts = [`"\\""`, isTiedToStart ? "" : anything, `(${rule})`, isTiedToEnd ? "" : anything, `"\\""`];
  return parts.filter(part => part !== "").join(" ");
}
