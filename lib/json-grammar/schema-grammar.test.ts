import Ajv from "ajv/dist/2020";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrammarRules } from "./grammar-rules";
import { addSchema, schemaGrammar } from "./schema-grammar";
import type { JsonValue } from "./schema-node";
import { grammarText } from "./testing/grammar-texts";
import llamaCases from "./testing/llama-cases.json" with { type: "json" };

/** llama.cpp tests/test-json-schema-to-grammar.cpp; `grammar` is null if it expects a failure. */
const cases: readonly { name: string; schema: JsonValue; grammar: string[] | null }[] = llamaCases;

/** Where we differ from llama.cpp on purpose, because its grammar lets through what the schema forbids, and where only words differ. */
const differences: Readonly<Record<string, string>> = {
  "max -5": "llama.cpp allows -05, which is no JSON",
  "maxItems 0": "the rule of an item that cannot come is left out",
  "regexp quote": "llama.cpp leaves the quote without a backslash, which ends the JSON string",
  regexp: "llama.cpp's dot allows a quote, which ends the JSON string",
  "regexp with escaped hyphen outside a character class": "a hyphen needs no backslash in a literal",
  "optional props with empty name": "llama.cpp takes the property's rule for the whole grammar's",
  anyOf: "the type beside anyOf is combined with each alternative",
  "mix of allOf, anyOf and $ref (similar to https://json.schemastore.org/tsconfig.json)":
    "llama.cpp requires optional properties and mixes the alternatives",
  "unanchored regexp": "llama.cpp allows any string",
  "regexp with unsupported shorthand": "llama.cpp allows any string",
};
const refused: Readonly<Record<string, string>> = {
  "string array": "prefixItems is no list",
  "nullable string array": "prefixItems is no list",
  "array with empty items and prefixItems": "prefixItems is no list",
  "unsupported regexp in a property": "it looks ahead",
};

/** White space between the parts of a rule means nothing. llama.cpp's class for other names lets control characters through. */
const normalized = (lines: readonly string[]): string =>
  lines
    .map(line => line.replace(/ {2,}/g, " ").replaceAll("( ", "(").replaceAll(" )", ")").trim())
    .map(line => line.replace(/\[\^"(\w+)\] char\*/g, String.raw`[^"\\\x7F\x00-\x1F$1] char*`))
    .join("\n");

/** Texts of the grammar that are no JSON or that the schema forbids. */
function wrongTexts(schema: JsonValue, grammar = schemaGrammar(schema)): string[] {
  // One of llama.cpp's patterns is valid only without the Unicode flag.
  const ajv = addFormats(new Ajv({ strict: false, unicodeRegExp: !JSON.stringify(schema).includes("a\\\\-b") }));
  const isValid = ajv.compile(schema as object);
  const holds = (text: string): boolean => {
    try {
      return isValid(JSON.parse(text));
    } catch {
      return false;
    }
  };
  const noise = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }));
  const texts = fc
    .sample(noise, { numRuns: 300, seed: 7 })
    .map(stream => grammarText(grammar, () => stream.next().value ?? 0));
  return texts.filter(text => !holds(text));
}

describe("schemaGrammar", () => {
  it.each(cases.filter(({ name }) => !(name in differences) && !(name in refused)))(
    "writes what llama.cpp writes: $name",
    ({ schema, grammar }) => {
      if (grammar === null) expect(() => schemaGrammar(schema)).toThrow();
      else expect(normalized(schemaGrammar(schema).trim().split("\n"))).toBe(normalized(grammar));
    },
  );

  it.each(cases.filter(({ name }) => name in refused))("refuses what llama.cpp lets through: $name", ({ schema }) => {
    expect(() => schemaGrammar(schema)).toThrow(/^#/);
  });

  const draft07 = ["tuple1", "exotic formats", "allOf with enum schema"];
  it.each(
    cases.filter(
      ({ name, grammar, schema }) =>
        grammar !== null &&
        !(name in refused) &&
        !draft07.includes(name) &&
        !Array.isArray((schema as { items?: unknown }).items),
    ),
  )("allows only what the schema allows: $name", ({ schema }) => {
    expect(wrongTexts(schema)).toEqual([]);
  });

  it.each<[string, JsonValue]>([
    ["number from 0 to 1", { type: "number", minimum: 0, maximum: 1 }],
    ["number above -2.5", { type: "number", exclusiveMinimum: -2.5 }],
    ["number below 0.125", { type: "number", exclusiveMaximum: 0.125 }],
    ["number from 1.25 to 1.5", { type: "number", minimum: 1.25, maximum: 1.5 }],
    ["number between 1 and 2", { type: "number", exclusiveMinimum: 1, exclusiveMaximum: 2 }],
    ["number from -10.5 to -0.25", { type: "number", minimum: -10.5, maximum: -0.25 }],
    ["number from -3 to 250.75", { type: "number", minimum: -3, maximum: 250.75 }],
    ["integer from 105", { type: "integer", minimum: 105 }],
    ["integer from 100", { type: "integer", minimum: 100 }],
    ["integer up to -5", { type: "integer", maximum: -5 }],
    ["integer between bounds with decimals", { type: "integer", exclusiveMinimum: 2.5, maximum: 17.5 }],
    ["limits without a type", { minimum: 3 }],
    ["pattern with shorthands", { type: "string", pattern: "^\\d{3}-\\w+\\s\\S$" }],
    ["pattern with quotes and backslashes", { type: "string", pattern: '^["\\\\a-c]{2}.[^x"]+\\n$' }],
    ["pattern in the middle of a text", { type: "string", pattern: "@[a-z]+\\." }],
    ["pattern of alternatives with groups", { type: "string", pattern: "^(?:red|(?<tone>dark|light)-blue)$" }],
    ["pattern with Unicode", { type: "string", pattern: "^[äöü\\u00e9]{1,3}\\u{0}?$".replace("\\u{0}?", "") }],
    ["format email", { type: "string", format: "email" }],
    ["format ipv4", { type: "string", format: "ipv4" }],
    ["format uri", { type: "string", format: "uri" }],
    ["format hostname", { type: "string", format: "hostname" }],
    [
      "tuple with a rest",
      {
        type: "array",
        prefixItems: [{ type: "string" }, { type: "boolean" }],
        items: { type: "integer" },
        minItems: 3,
        maxItems: 5,
      },
    ],
    ["required property without a schema", { type: "object", required: ["a"], properties: { b: { type: "null" } } }],
    [
      "names with quotes",
      { properties: { 'a"b': { const: 'c"\\d' } }, required: ['a"b'], additionalProperties: { type: "boolean" } },
    ],
    [
      "allOf of objects",
      {
        allOf: [
          { properties: { a: { type: "integer", minimum: 3 } }, required: ["a"] },
          { properties: { a: { maximum: 9 }, b: { type: "string" } } },
        ],
      },
    ],
    [
      "allOf with a choice inside",
      {
        allOf: [
          { type: "object", properties: { k: { enum: ["x", "y"] } }, required: ["k"] },
          {
            oneOf: [
              { properties: { k: { const: "x" }, v: { type: "string" } }, required: ["v"] },
              { properties: { k: { const: "y" }, w: { type: "integer" } }, required: ["w"] },
            ],
          },
        ],
      },
    ],
    ["$ref with more beside", { $ref: "#/$defs/n", maximum: 5, $defs: { n: { type: "integer", minimum: 1 } } }],
    [
      "recursion through #",
      {
        type: "object",
        properties: { value: { type: "integer" }, next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
        required: ["value", "next"],
        additionalProperties: false,
      },
    ],
    [
      "recursion through definitions",
      {
        $ref: "#/definitions/tree",
        definitions: { tree: { type: "array", items: { $ref: "#/definitions/tree" }, maxItems: 2 } },
      },
    ],
    ["reference with escapes", { $ref: "#/$defs/a~1b%20c", $defs: { "a/b c": { type: "boolean" } } }],
    ["several types with values", { type: ["string", "null"], enum: ["a", 1, null] }],
    [
      "false for a property",
      { type: "object", properties: { a: false, b: { type: "boolean" } }, additionalProperties: false },
    ],
  ])("allows only what the schema allows: %s", (_, schema) => {
    expect(wrongTexts(schema)).toEqual([]);
  });

  it.each<[JsonValue, string]>([
    [{ type: "array", uniqueItems: true }, '#: "uniqueItems" is not supported.'],
    [{ properties: { a: { not: { type: "null" } } } }, '#/properties/a: "not" is not supported.'],
    [{ if: {}, else: {} }, '#: "if" is not supported.'],
    [{ type: "integer", multipleOf: 5 }, '#: "multipleOf" is not supported.'],
    [{ $ref: "#/$defs/absent" }, '#: $ref "#/$defs/absent" points at nothing.'],
    [{ $ref: "other.json" }, '#: $ref "other.json" does not point into this schema, as "#/$defs/name" does.'],
    [{ $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } }, '#/$defs/a: $ref "#/$defs/a" leads back to itself.'],
    [
      { properties: { "a/b": { type: "text" } } },
      '#/properties/a~1b: the type "text" is unknown. The types are object, array, string, number, integer, boolean, null.',
    ],
    [
      { type: "string", format: "duration" },
      '#: the format "duration" is not supported. Use date, time, date-time, uuid, email, hostname, ipv4, uri, or a pattern.',
    ],
    [
      { type: "string", pattern: "^(?=a)a$" },
      '#: the pattern "^(?=a)a$" looks ahead or behind, which is not supported.',
    ],
    [{ type: "string", pattern: "^(a$" }, '#: the pattern "^(a$" has a parenthesis that is not closed.'],
    [
      { type: "string", pattern: "^a$", maxLength: 3 },
      '#: "minLength" or "maxLength" beside "pattern" is not supported.',
    ],
    [
      { type: "integer", minimum: 5, maximum: 3 },
      "#: the smallest value is 5 and the largest is 3: no value is between.",
    ],
    [{ type: "number", exclusiveMinimum: 1, exclusiveMaximum: 1 }, "#: no number is between the limits."],
    [{ allOf: [{ type: "string" }, { type: "null" }] }, '#: no value has the types "string" and "null".'],
    [{ type: "array", minItems: 5000 }, "#: minItems is 5000, and can be at most 2000."],
    [{ required: ["a"], additionalProperties: false }, '#: "a" is required and not allowed.'],
    [{ properties: { a: 3 } }, "#/properties/a: a schema must be an object."],
    [{ anyOf: [] }, "#/anyOf: must be a list of schemas."],
    [{ type: "string", enum: [1] }, "#: no allowed value has the type string."],
  ])("refuses %j by name", (schema, message) => {
    expect(() => schemaGrammar(schema)).toThrow(message);
  });

  it.each<[JsonValue, JsonValue]>([
    [
      { type: "array", items: { type: "integer" }, uniqueItems: true },
      { type: "array", items: { type: "integer" } },
    ],
    [
      { type: "object", propertyNames: { type: "string" }, additionalProperties: { type: "string" } },
      { type: "object", additionalProperties: { type: "string" } },
    ],
    [
      { anyOf: [{ not: { type: "null" }, type: "string" }, { type: "null" }] },
      { anyOf: [{ type: "string" }, { type: "null" }] },
    ],
    [{ type: "string", format: "duration" }, { type: "string" }],
    [
      { type: "string", format: "uri", maxLength: 2083 },
      { type: "string", format: "uri" },
    ],
    [
      { type: "string", pattern: "^(?=a)a$", maxLength: 9 },
      { type: "string", maxLength: 9 },
    ],
    [
      { type: "string", pattern: "^a$", maxLength: 9 },
      { type: "string", pattern: "^a$" },
    ],
    [
      { type: "string", minLength: 1, maxLength: 100_000 },
      { type: "string", minLength: 1 },
    ],
    [
      { type: "integer", minimum: 0, maximum: 18446744073709552000 },
      { type: "integer", minimum: 0 },
    ],
    [
      { type: "string", enum: ["a", "b"], minLength: 1 },
      { type: "string", enum: ["a", "b"] },
    ],
  ])("read loosely, %j is %j", (schema, without) => {
    expect(() => schemaGrammar(schema)).toThrow();
    const rules = new GrammarRules();
    addSchema(rules, schema, "", "loose");
    expect(rules.toString()).toBe(schemaGrammar(without));
  });

  it("refuses, also when it reads loosely, what is no schema", () => {
    for (const schema of [{ $ref: "other.json" }, { type: "text" }, { anyOf: [] }])
      expect(() => addSchema(new GrammarRules(), schema, "", "loose")).toThrow();
  });

  it("would notice a text that the schema forbids", () => {
    const { schema, grammar } = cases.find(({ name }) => name === "max -5") ?? { schema: {}, grammar: [] };
    expect(wrongTexts(schema, grammar?.join("\n"))).toContainEqual(expect.stringMatching(/^-0\d/));
  });

  it("refuses a schema that is too deep instead of overflowing the stack", () => {
    const deep = Array.from({ length: 100_000 }).reduce<JsonValue>(inner => ({ items: inner }), {});
    expect(() => schemaGrammar(deep)).toThrow("a schema can be at most 64 levels deep.");
  });
});
