interface BuiltIn {
  readonly rule: string;
  readonly needs: readonly string[];
}

/** Rules that JSON needs, in llama.cpp's own words. @see llama.cpp common/json-schema-to-grammar.cpp */
const builtIns: Readonly<Record<string, BuiltIn>> = {
  boolean: { rule: `("true" | "false")`, needs: [] },
  "decimal-part": { rule: "[0-9]{1,16}", needs: [] },
  "integral-part": { rule: "[0] | [1-9] [0-9]{0,15}", needs: [] },
  number: {
    rule: `("-"? integral-part) ("." decimal-part)? ([eE] [-+]? integral-part)?`,
    needs: ["integral-part", "decimal-part"],
  },
  integer: { rule: `("-"? integral-part)`, needs: ["integral-part"] },
  value: {
    rule: "object | array | string | number | boolean | null",
    needs: ["object", "array", "string", "number", "boolean", "null"],
  },
  object: {
    rule: `"{" space ( string ":" space value ("," space string ":" space value)* )? space "}"`,
    needs: ["string", "value"],
  },
  array: { rule: `"[" space ( value ("," space value)* )? space "]"`, needs: ["value"] },
  char: { rule: `[^"\\\\\\x7F\\x00-\\x1F] | [\\\\] (["\\\\bfnrt] | "u" [0-9a-fA-F]{4})`, needs: [] },
  /** What "." stands for in a pattern: any character of a JSON string except a line break. */
  dot: { rule: `[^"\\\\\\x7F\\x00-\\x1F] | [\\\\] ["\\\\bft]`, needs: [] },
  string: { rule: `"\\"" char* "\\""`, needs: ["char"] },
  null: { rule: `"null"`, needs: [] },
  uuid: {
    rule: `"\\"" [0-9a-fA-F]{8} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{12} "\\""`,
    needs: [],
  },
  date: {
    rule: `[0-9]{4} "-" ( "0" [1-9] | "1" [0-2] ) "-" ( "0" [1-9] | [1-2] [0-9] | "3" [0-1] )`,
    needs: [],
  },
  time: {
    rule: `([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ( "." [0-9]{3} )? ( "Z" | ( "+" | "-" ) ( [01] [0-9] | "2" [0-3] ) ":" [0-5] [0-9] )`,
    needs: [],
  },
  "date-time": { rule: `date "T" time`, needs: ["date", "time"] },
  "date-string": { rule: `"\\"" date "\\""`, needs: ["date"] },
  "time-string": { rule: `"\\"" time "\\""`, needs: ["time"] },
  "date-time-string": { rule: `"\\"" date-time "\\""`, needs: ["date-time"] },
  // The formats below are not llama.cpp's. Each rule gives a part of what the format allows, the usual part.
  "domain-label": { rule: "[a-zA-Z0-9] ([-a-zA-Z0-9]{0,40} [a-zA-Z0-9])?", needs: [] },
  hostname: { rule: `domain-label ("." domain-label){0,4}`, needs: ["domain-label"] },
  email: {
    rule: `[a-zA-Z0-9_+-]{1,40} ("." [a-zA-Z0-9_+-]{1,20}){0,3} "@" domain-label ("." domain-label){0,2} "." [a-zA-Z]{2,12}`,
    needs: ["domain-label"],
  },
  "ipv4-part": { rule: `"25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9]? [0-9]`, needs: [] },
  ipv4: { rule: `ipv4-part "." ipv4-part "." ipv4-part "." ipv4-part`, needs: ["ipv4-part"] },
  uri: {
    rule: `[a-z] [a-z0-9]{1,14} "://" hostname (":" [1-9] [0-9]{0,3})? ("/" [a-zA-Z0-9._~-]*)* ("?" [a-zA-Z0-9._~=&-]*)? ("#" [a-zA-Z0-9._~-]*)?`,
    needs: ["hostname"],
  },
  "hostname-string": { rule: `"\\"" hostname "\\""`, needs: ["hostname"] },
  "email-string": { rule: `"\\"" email "\\""`, needs: ["email"] },
  "ipv4-string": { rule: `"\\"" ipv4 "\\""`, needs: ["ipv4"] },
  "uri-string": { rule: `"\\"" uri "\\""`, needs: ["uri"] },
};

/** Up to two line breaks, so that a model cannot write white space without end. */
const SPACE_RULE = `| " " | "\\n"{1,2} [ \\t]{0,20}`;

export const isReservedName = (name: string): boolean => name === "root" || Object.hasOwn(builtIns, name);

const literalEscapes: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", '"': '\\"', "\\": "\\\\" };

/** A text as a literal of llama.cpp's grammar language. */
export const literal = (text: string): string =>
  `"${text.replace(/[\r\n"\\]/g, character => literalEscapes[character] ?? character)}"`;

/** `least` to `most` times the item; `most` null for any number of times. */
export function repeated(item: string, least: number, most: number | null, separator = ""): string {
  if (most === 0) return "";
  if (least === 0 && most === 1) return `${item}?`;
  if (separator === "") {
    if (most === null && least < 2) return `${item}${least === 1 ? "+" : "*"}`;
    return `${item}{${least},${most ?? ""}}`;
  }
  const rest = repeated(`(${separator} ${item})`, Math.max(0, least - 1), most === null ? null : most - 1);
  return least === 0 ? `(${item} ${rest})?` : `${item} ${rest}`;
}

/** The named rules of one grammar. */
export class GrammarRules {
  readonly #rules = new Map([["space", SPACE_RULE]]);

  has(name: string): boolean {
    return this.#rules.has(name);
  }

  /** Adds the rule and returns its name, which gets a number when another rule has it. */
  add(name: string, rule: string): string {
    const wanted = name.replace(/[^a-zA-Z0-9-]+/g, "-");
    let key = wanted;
    for (let number = 0; (this.#rules.get(key) ?? rule) !== rule; number++) key = `${wanted}${number}`;
    this.#rules.set(key, rule);
    return key;
  }

  /** Adds a rule of JSON itself under the given name, with what it needs. */
  addBuiltIn(type: string, name = type): string {
    const builtIn = builtIns[type];
    if (builtIn === undefined) throw new Error(`There is no rule "${type}".`);
    const added = this.add(name, builtIn.rule);
    for (const needed of builtIn.needs) if (!this.has(needed)) this.addBuiltIn(needed);
    return added;
  }

  /** The rules in the order of their names. */
  toString(): string {
    const names = [...this.#rules.keys()].sort();
    return names.map(name => `${name} ::= ${this.#rules.get(name)}\n`).join("");
  }
}
