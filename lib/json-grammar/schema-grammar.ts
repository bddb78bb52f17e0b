import { decimalRange } from "./decimal-range";
import { GrammarRules, isReservedName, literal, repeated } from "./grammar-rules";
import { integerRange } from "./integer-range";
import { JsonSchemaError } from "./json-schema-error";
import { otherStrings } from "./other-strings";
import { patternRule } from "./pattern-rule";
import { type Exactness, readSchema } from "./read-schema";
import type { JsonValue, PropertyNode, SchemaDocument, SchemaNode } from "./schema-node";

type Node<Kind extends SchemaNode["kind"]> = Extract<SchemaNode, { kind: Kind }>;

/** A property without a name must not take the name of the whole grammar. */
const joinName = (name: string, part: string): string => (name === "" ? part || "nameless" : `${name}-${part}`);
const comma = `"," space`;

/** Writes the rules of one schema. */
class SchemaWriter {
  readonly #started = new Set<string>();

  constructor(
    private readonly rules: GrammarRules,
    private readonly document: SchemaDocument,
    private readonly prefix: string,
  ) {}

  /** Adds the rules of a node, and returns the name of its rule. */
  write(node: SchemaNode, name: string): string {
    const ruleName = name === "" ? "root" : isReservedName(name) ? `${name}-` : name;
    const builtIn = (type: string): string => this.rules.addBuiltIn(type, ruleName === "root" ? "root" : type);
    const rule = (text: string): string => this.rules.add(ruleName, text);
    switch (node.kind) {
      case "any":
        return rule(this.rules.addBuiltIn("value"));
      case "boolean":
      case "null":
        return builtIn(node.kind);
      case "reference":
        return rule(this.#reference(node));
      case "choice":
        return rule(
          node.nodes
            .map((part, index) => this.write(part, name === "" ? `alternative-${index}` : `${name}-${index}`))
            .join(" | "),
        );
      case "values": {
        const texts = node.values.map(value => literal(JSON.stringify(value)));
        return rule(node.isConst ? texts.join("") : `(${texts.join(" | ")})`);
      }
      case "object":
        return this.#isFree(node) ? rule(this.rules.addBuiltIn("object")) : rule(this.#object(node, name));
      case "array":
        return this.#isFreeArray(node) ? builtIn("array") : rule(this.#array(node, name));
      case "string":
        if (node.least === 0 && node.most === null) return builtIn("string");
        return rule(`"\\"" ${repeated(this.rules.addBuiltIn("char"), node.least, node.most)} "\\""`.replace("  ", " "));
      case "pattern":
        return rule(patternRule(node.pattern, this.rules, ruleName, node.path));
      case "format":
        return node.format === "uuid" ? builtIn("uuid") : rule(this.rules.addBuiltIn(`${node.format}-string`));
      case "integer":
        if (node.least === null && node.most === null) return builtIn("integer");
        return rule(`(${integerRange(node.least, node.most)})`);
      case "number":
        return node.from === null && node.to === null ? builtIn("number") : rule(this.#number(node));
    }
  }

  #number({ from, to, path }: Node<"number">): string {
    const range = decimalRange(from, to);
    if (range === null) throw new JsonSchemaError(path, "a limit has too many digits.");
    if (range === "") throw new JsonSchemaError(path, "no number is between the limits.");
    return `(${range})`;
  }

  #reference({ target }: Node<"reference">): string {
    if (target === "#" && this.prefix === "") return "root";
    const name = joinName(this.prefix, `ref${target.replace("#", "").replace(/[^a-zA-Z0-9-]+/g, "-")}`);
    if (this.rules.has(name) || this.#started.has(target)) return name;
    this.#started.add(target);
    const node = this.document.targets.get(target);
    return node === undefined ? name : this.write(node, name);
  }

  #isFree = ({ properties, others }: Node<"object">): boolean => properties.length === 0 && others?.kind === "any";
  #isFreeArray = ({ first, rest, least, most }: Node<"array">): boolean =>
    first.length === 0 && rest?.kind === "any" && least === 0 && most === null;

  #array({ first, rest, least, most }: Node<"array">, name: string): string {
    const items = first.map((item, index) => this.write(item, joinName(name, `tuple-${index}`)));
    if (rest === null || (most !== null && most <= items.length)) return bracketed(items.join(` ${comma} `));
    const item = this.write(rest, joinName(name, "item"));
    const [restLeast, restMost] = [Math.max(0, least - items.length), most === null ? null : most - items.length];
    const more =
      items.length > 0
        ? repeated(`(${comma} ${item})`, restLeast, restMost)
        : repeated(item, restLeast, restMost, comma);
    return bracketed([items.join(` ${comma} `), more].filter(part => part !== "").join(" "));
  }

  /** Required properties in their order, then optional ones in theirs, then others. */
  #object({ properties, others }: Node<"object">, name: string): string {
    const pairs = new Map(properties.map(property => [property.name, this.#pair(property, name)]));
    const required = properties.filter(property => property.isRequired).map(property => pairs.get(property.name) ?? "");
    const optional = properties
      .filter(property => !property.isRequired)
      .map(property => ({ key: property.name, pair: pairs.get(property.name) ?? "", isRepeated: false }));
    if (others !== null) optional.push({ key: "*", pair: this.#otherPair(properties, others, name), isRepeated: true });
    if (required.length + optional.length === 0) return `"{" space "}"`;
    const choices = optional.map((_, index) => this.#optional(optional.slice(index), name, true)).join(" | ");
    const afterRequired = required.length > 0 ? `${comma} ( ${choices} )` : choices;
    const end = optional.length > 0 ? [`( ${afterRequired} )?`] : [];
    return [`"{" space`, ...(required.length > 0 ? [required.join(` ${comma} `)] : []), ...end, `space "}"`].join(" ");
  }

  #pair({ name: key, node }: PropertyNode, name: string): string {
    const value = this.write(node, joinName(name, key));
    return this.rules.add(joinName(name, `${key}-kv`), `${literal(JSON.stringify(key))} space ":" space ${value}`);
  }

  #otherPair(properties: readonly PropertyNode[], others: SchemaNode, name: string): string {
    const own = joinName(name, "additional");
    const value = others.kind === "any" ? this.rules.addBuiltIn("value") : this.write(others, `${own}-value`);
    this.rules.addBuiltIn("char");
    const key =
      properties.length === 0
        ? this.rules.addBuiltIn("string")
        : this.rules.add(`${own}-k`, otherStrings(properties.map(property => property.name)));
    return this.rules.add(`${own}-kv`, `${key} ":" space ${value}`);
  }

  /** The first of these properties and then any of the rest. */
  #optional([first, ...rest]: readonly OptionalPair[], name: string, isFirst: boolean): string {
    if (first === undefined) return "";
    const again = `( ${comma} ${first.pair} )`;
    const rule = isFirst
      ? `${first.pair}${first.isRepeated ? ` ${again}*` : ""}`
      : `${again}${first.isRepeated ? "*" : "?"}`;
    if (rest.length === 0) return rule;
    return `${rule} ${this.rules.add(joinName(name, `${first.key}-rest`), this.#optional(rest, name, false))}`;
  }
}

interface OptionalPair {
  readonly key: string;
  readonly pair: string;
  readonly isRepeated: boolean;
}

const bracketed = (items: string): string => `"[" space ${items} space "]"`;

/**
 * Adds the rules of a JSON schema to a grammar. All of their names start with `name`.
 *
 * @returns the name of the schema's rule
 * @throws JsonSchemaError for a schema that no grammar can express
 */
export function addSchema(
  rules: GrammarRules,
  schema: JsonValue,
  name: string,
  exactness: Exactness = "exact",
): string {
  const document = readSchema(schema, exactness);
  return new SchemaWriter(rules, document, name).write(document.root, name);
}

/**
 * A JSON schema as a grammar of llama.cpp: every text that it allows follows the schema. The rules are those of llama.cpp's own
 * converter, except where that one lets through what the schema forbids.
 *
 * @see llama.cpp common/json-schema-to-grammar.cpp and common/json-schema.cpp
 * @throws JsonSchemaError for a schema that no grammar can express
 */
export function schemaGrammar(schema: JsonValue): string {
  const rules = new GrammarRules();
  addSchema(rules, schema, "");
  return rules.toString();
}
