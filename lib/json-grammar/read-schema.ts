import type { Limit } from "./decimal-range";
import { GrammarRules } from "./grammar-rules";
import { JsonSchemaError } from "./json-schema-error";
import { isSameJson, isSchemaObject, mergeSchemas, type SchemaObject } from "./merge-schemas";
import { patternRule } from "./pattern-rule";
import { type JsonValue, type SchemaDocument, type SchemaNode, type StringFormat, stringFormats } from "./schema-node";

/** llama.cpp refuses a grammar that repeats something more often. @see llama.cpp src/llama-grammar.cpp */
const MOST_REPETITIONS = 2000;
const MOST_DEPTH = 64;
const MOST_NODES = 5000;
/** Rules for the limits of longer numbers would be wrong. */
const MOST_EXACT = 1e12;
/** Alternatives that `anyOf` inside of `allOf` may make. */
const MOST_ALTERNATIVES = 64;

/** Keys that constrain a value and that no grammar can hold, with the value that constrains nothing. */
const unsupported: Readonly<Record<string, readonly JsonValue[]>> = {
  not: [],
  if: [],
  // biome-ignore lint/suspicious/noThenProperty: the name of a JSON schema keyword
  then: [],
  else: [],
  uniqueItems: [false],
  contains: [],
  minContains: [],
  maxContains: [],
  multipleOf: [],
  minProperties: [0],
  maxProperties: [],
  patternProperties: [{}],
  propertyNames: [true, {}],
  dependentRequired: [{}],
  dependentSchemas: [{}],
  dependencies: [{}],
  unevaluatedProperties: [true, {}],
  unevaluatedItems: [true, {}],
  additionalItems: [true, {}, false],
  $dynamicRef: [],
  $recursiveRef: [],
};

/** Keys that say something about values; any other key only describes. */
const objectKeys = ["properties", "required", "additionalProperties"];
const arrayKeys = ["items", "prefixItems", "minItems", "maxItems"];
const stringKeys = ["pattern", "format", "minLength", "maxLength"];
const numberKeys = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const valueKeys = ["type", "enum", "const"];
const ownKeys = [...valueKeys, ...objectKeys, ...arrayKeys, ...stringKeys, ...numberKeys];
const combining = ["$ref", "allOf", "anyOf", "oneOf"];

const typeNames = ["object", "array", "string", "number", "integer", "boolean", "null"];

const isFormat = (format: string): format is StringFormat => stringFormats.some(known => known === format);

/** "uuid1" to "uuid5" are llama.cpp's names for the versions. */
const formatOf = (format: string): string => (/^uuid[1-5]$/.test(format) ? "uuid" : format);

const pointed = (path: string, ...parts: (string | number)[]): string =>
  [path, ...parts.map(part => String(part).replaceAll("~", "~0").replaceAll("/", "~1"))].join("/");

/**
 * What to do with a keyword that no grammar can hold: refuse the schema, or read it as if the keyword were not there. A loose grammar
 * allows more than the schema, so the finished text has to be checked.
 */
export type Exactness = "exact" | "loose";

class SchemaReader {
  readonly targets = new Map<string, SchemaNode>();
  /** Targets that are being read: a schema may contain itself. */
  readonly #started = new Set<string>();
  #nodes = 0;
  #depth = 0;

  constructor(
    private readonly root: JsonValue,
    private readonly exactness: Exactness,
  ) {}

  read(schema: JsonValue | undefined, path: string): SchemaNode {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES) throw new JsonSchemaError(path, `a schema can have at most ${MOST_NODES} parts.`);
    if (this.#depth >= MOST_DEPTH)
      throw new JsonSchemaError(path, `a schema can be at most ${MOST_DEPTH} levels deep.`);
    this.#depth += 1;
    try {
      if (schema === true) return { kind: "any" };
      if (schema === false) throw new JsonSchemaError(path, "false allows no value.");
      if (!isSchemaObject(schema)) throw new JsonSchemaError(path, "a schema must be an object.");
      return this.#readObject(schema, path);
    } finally {
      this.#depth -= 1;
    }
  }

  #readObject(schema: SchemaObject, path: string): SchemaNode {
    this.#refuseUnsupported(schema, path);
    const combined = combining.filter(key => Object.hasOwn(schema, key));
    if (combined.length === 0) return this.#readPlain(schema, path);
    const stands = combined.length === 1 && !ownKeys.some(key => Object.hasOwn(schema, key));
    if (stands && combined[0] === "$ref") return this.#readReference(schema.$ref, path);
    if (stands && combined[0] !== "allOf") return this.#readChoice(schema, combined[0] ?? "", path);
    const alternatives = this.#alternatives(schema, path, []);
    const nodes = alternatives.map(alternative => this.#readPlain(alternative, path));
    return nodes.length === 1 && nodes[0] ? nodes[0] : { kind: "choice", nodes };
  }

  #refuseUnsupported(schema: SchemaObject, path: string): void {
    if (this.exactness === "exact") refuseUnsupported(schema, path);
  }

  #readChoice(schema: SchemaObject, key: string, path: string): SchemaNode {
    const parts = listOf(schema[key], pointed(path, key));
    return { kind: "choice", nodes: parts.map((part, index) => this.read(part, pointed(path, key, index))) };
  }

  #readReference(reference: JsonValue | undefined, path: string): SchemaNode {
    const { target, schema } = this.#resolve(reference, path);
    if (!this.#started.has(target)) {
      this.#started.add(target);
      this.targets.set(target, this.read(schema, target));
    }
    return { kind: "reference", target, path };
  }

  #resolve(reference: JsonValue | undefined, path: string): { target: string; schema: JsonValue } {
    if (typeof reference !== "string") throw new JsonSchemaError(path, "$ref must be a text.");
    if (reference !== "#" && !reference.startsWith("#/"))
      throw new JsonSchemaError(path, `$ref "${reference}" does not point into this schema, as "#/$defs/name" does.`);
    let schema: JsonValue | undefined = this.root;
    for (const part of reference.split("/").slice(1)) {
      const key = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
      if (Array.isArray(schema)) schema = /^\d+$/.test(key) ? schema[Number(key)] : undefined;
      else schema = isSchemaObject(schema) && Object.hasOwn(schema, key) ? schema[key] : undefined;
      if (schema === undefined) throw new JsonSchemaError(path, `$ref "${reference}" points at nothing.`);
    }
    return { target: reference, schema };
  }

  /** A schema that combines others, as a list of plain schemas of which one must hold. */
  #alternatives(schema: JsonValue, path: string, via: readonly string[]): SchemaObject[] {
    if (schema === true) return [{}];
    if (!isSchemaObject(schema)) throw new JsonSchemaError(path, "a schema must be an object.");
    this.#refuseUnsupported(schema, path);
    const { $ref, allOf, anyOf, oneOf, ...own } = schema;
    const groups: SchemaObject[][] = [[own]];
    if ($ref !== undefined) {
      const { target, schema: referred } = this.#resolve($ref, path);
      if (via.includes(target)) throw new JsonSchemaError(path, `$ref "${target}" leads back to itself.`);
      groups.push(this.#alternatives(referred, target, [...via, target]));
    }
    if (allOf !== undefined)
      groups.push(
        ...listOf(allOf, pointed(path, "allOf")).map((part, index) =>
          this.#alternatives(part, pointed(path, "allOf", index), via),
        ),
      );
    for (const [key, choice] of Object.entries({ anyOf, oneOf }))
      if (choice !== undefined)
        groups.push(
          listOf(choice, pointed(path, key)).flatMap((part, index) =>
            this.#alternatives(part, pointed(path, key, index), via),
          ),
        );
    return groups.reduce((merged, group) => combinations(merged, group, path));
  }

  #readPlain(given: SchemaObject, path: string): SchemaNode {
    const schema = this.exactness === "loose" ? loosened(given, path) : given;
    const types = typesOf(schema, path);
    if (Object.hasOwn(schema, "const") || Object.hasOwn(schema, "enum")) return readValues(schema, types, path);
    if (types !== null && types.length > 1)
      return { kind: "choice", nodes: types.map(type => this.#readType(schema, type, path)) };
    const type = types?.[0] ?? impliedType(schema);
    return type === null ? { kind: "any" } : this.#readType(schema, type, path);
  }

  #readType(schema: SchemaObject, type: string, path: string): SchemaNode {
    if (type === "object") return this.#readProperties(schema, path);
    if (type === "array") return this.#readItems(schema, path);
    if (type === "string") return readString(schema, path);
    if (type === "integer") return readInteger(schema, path);
    if (type === "number") return readNumber(schema, path);
    return { kind: type === "boolean" ? "boolean" : "null" };
  }

  #readProperties(schema: SchemaObject, path: string): SchemaNode {
    const { properties = {}, required = [], additionalProperties } = schema;
    if (!isSchemaObject(properties)) throw new JsonSchemaError(path, "properties must be an object.");
    if (!Array.isArray(required) || required.some(name => typeof name !== "string"))
      throw new JsonSchemaError(path, "required must be a list of names.");
    const names = Object.keys(properties);
    for (const name of required)
      if (properties[String(name)] === false || (additionalProperties === false && !names.includes(String(name))))
        throw new JsonSchemaError(path, `"${name}" is required and not allowed.`);
    const others = required.map(String).filter(name => !Object.hasOwn(properties, name));
    return {
      kind: "object",
      properties: [
        ...names
          .filter(name => properties[name] !== false)
          .map(name => ({
            name,
            node: this.read(properties[name], pointed(path, "properties", name)),
            isRequired: required.includes(name),
          })),
        ...[...new Set(others)].map(name => ({
          name,
          node: this.read(additionalProperties ?? true, pointed(path, "additionalProperties")),
          isRequired: true,
        })),
      ],
      others: this.#readOthers(additionalProperties, path, names.length + others.length > 0),
    };
  }

  /** Without a word about other properties, an object with named ones gets no others: models would invent them. */
  #readOthers(others: JsonValue | undefined, path: string, hasNames: boolean): SchemaNode | null {
    if (others === false || (others === undefined && hasNames)) return null;
    return this.read(others ?? true, pointed(path, "additionalProperties"));
  }

  #readItems(schema: SchemaObject, path: string): SchemaNode {
    const least = countOf(schema, "minItems", path) ?? 0;
    const most = countOf(schema, "maxItems", path);
    refuseCrossed(least, most, "minItems", "maxItems", path);
    const key = Array.isArray(schema.items) ? "items" : "prefixItems";
    const listed = schema[key] ?? [];
    if (!Array.isArray(listed)) throw new JsonSchemaError(path, `${key} must be a list of schemas.`);
    const first = listed.slice(0, most ?? undefined).map((item, index) => this.read(item, pointed(path, key, index)));
    const rest = key === "items" ? schema.additionalItems : schema.items;
    // A tuple ends after its items, as in llama.cpp, unless more are asked for.
    const ends = rest === false || (first.length > 0 && rest === undefined && least <= first.length);
    if (ends && least > first.length)
      throw new JsonSchemaError(path, `minItems is ${least}, and ${first.length} are allowed.`);
    return { kind: "array", first, rest: ends ? null : this.read(rest ?? true, pointed(path, "items")), least, most };
  }
}

/** Every pair of one of `some` and one of `others` that can hold together. */
function combinations(some: readonly SchemaObject[], others: readonly SchemaObject[], path: string): SchemaObject[] {
  if (some.length * others.length > MOST_ALTERNATIVES)
    throw new JsonSchemaError(path, `its combinations have more than ${MOST_ALTERNATIVES} alternatives.`);
  const merged: SchemaObject[] = [];
  let contradiction: unknown;
  for (const one of some)
    for (const other of others) {
      try {
        merged.push(mergeSchemas(one, other, path));
      } catch (error) {
        if (!(error instanceof JsonSchemaError)) throw error;
        contradiction = error;
      }
    }
  if (merged.length === 0) throw contradiction;
  return merged;
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

function refuseUnsupported(schema: SchemaObject, path: string): void {
  for (const [key, neutral] of Object.entries(unsupported))
    if (Object.hasOwn(schema, key) && !neutral.some(value => isSameJson(value, schema[key] as JsonValue)))
      throw new JsonSchemaError(path, `"${key}" is not supported.`);
}

/** A plain schema without what stands in the way of a grammar, so that the rest of it holds. */
function loosened(schema: SchemaObject, path: string): SchemaObject {
  const hasValues = Object.hasOwn(schema, "const") || Object.hasOwn(schema, "enum");
  const dropped = new Set(hasValues ? [...objectKeys, ...arrayKeys, ...stringKeys, ...numberKeys] : []);
  for (const key of ["minItems", "maxItems", "minLength", "maxLength"])
    if (Number(schema[key]) > MOST_REPETITIONS) dropped.add(key);
  for (const key of numberKeys) if (Math.abs(Number(schema[key])) > MOST_EXACT) dropped.add(key);
  const { format, pattern } = schema;
  const isKnown = typeof format === "string" && isFormat(formatOf(format));
  if (typeof format === "string" && !isKnown) dropped.add("format");
  if (typeof pattern === "string" && (isKnown || !canHold(pattern, path))) dropped.add("pattern");
  if (isKnown || (typeof pattern === "string" && !dropped.has("pattern")))
    for (const key of ["minLength", "maxLength"]) dropped.add(key);
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !dropped.has(key)));
}

function canHold(pattern: string, path: string): boolean {
  try {
    patternRule(pattern, new GrammarRules(), "probe", path);
    return true;
  } catch (error) {
    if (!(error instanceof JsonSchemaError)) throw error;
    return false;
  }
}

function listOf(value: JsonValue | undefined, path: string): readonly JsonValue[] {
  if (!Array.isArray(value) || value.length === 0) throw new JsonSchemaError(path, "must be a list of schemas.");
  return value;
}

function typesOf({ type }: SchemaObject, path: string): string[] | null {
  if (type === undefined) return null;
  const types = Array.isArray(type) ? type : [type];
  if (types.length === 0) throw new JsonSchemaError(path, "type must name a type.");
  const unknown = types.find(name => !typeNames.includes(String(name)));
  if (unknown !== undefined)
    throw new JsonSchemaError(
      path,
      `the type ${JSON.stringify(unknown)} is unknown. The types are ${typeNames.join(", ")}.`,
    );
  return [...new Set(types.map(String))];
}

/** Without a type, the other keys say what is meant. */
function impliedType(schema: SchemaObject): string | null {
  const has = (keys: readonly string[]): boolean => keys.some(key => Object.hasOwn(schema, key));
  const saysNothing = schema.additionalProperties === true && !has(["properties", "required"]);
  if (has(objectKeys) && !saysNothing) return "object";
  if (has(arrayKeys)) return "array";
  if (has(["pattern", "minLength", "maxLength"]) || schema.format !== undefined) return "string";
  return has(numberKeys) ? "number" : null;
}

const typeOf = (value: JsonValue): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
};

function readValues(schema: SchemaObject, types: readonly string[] | null, path: string): SchemaNode {
  const isConst = Object.hasOwn(schema, "const") && !Object.hasOwn(schema, "enum");
  const listed = isConst ? [schema.const as JsonValue] : schema.enum;
  if (!Array.isArray(listed) || listed.length === 0) throw new JsonSchemaError(path, "enum must be a list of values.");
  const rest = [...objectKeys, ...arrayKeys, ...stringKeys, ...numberKeys].find(key => Object.hasOwn(schema, key));
  if (rest !== undefined) throw new JsonSchemaError(path, `"${rest}" beside a list of values is not supported.`);
  const fits = (value: JsonValue): boolean =>
    types === null || types.includes(typeOf(value)) || (typeOf(value) === "integer" && types.includes("number"));
  const values = listed.filter(fits);
  if (values.length === 0) throw new JsonSchemaError(path, `no allowed value has the type ${types?.join(" or ")}.`);
  return { kind: "values", values, isConst };
}

function countOf(schema: SchemaObject, key: string, path: string): number | null {
  const value = schema[key];
  if (value === undefined) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0)
    throw new JsonSchemaError(path, `${key} must be a whole number of at least 0.`);
  if (value > MOST_REPETITIONS)
    throw new JsonSchemaError(path, `${key} is ${value}, and can be at most ${MOST_REPETITIONS}.`);
  return value;
}

function refuseCrossed(least: number | null, most: number | null, low: string, high: string, path: string): void {
  if (least !== null && most !== null && least > most)
    throw new JsonSchemaError(path, `${low} is ${least} and ${high} is ${most}: no value is between.`);
}

function readString(schema: SchemaObject, path: string): SchemaNode {
  const { pattern, format } = schema;
  const least = countOf(schema, "minLength", path);
  const most = countOf(schema, "maxLength", path);
  refuseCrossed(least, most, "minLength", "maxLength", path);
  const hasLength = (least ?? 0) > 0 || most !== null;
  if (format !== undefined) {
    if (typeof format !== "string") throw new JsonSchemaError(path, "format must be a text.");
    const known = formatOf(format);
    if (!isFormat(known))
      throw new JsonSchemaError(
        path,
        `the format "${format}" is not supported. Use ${stringFormats.join(", ")}, or a pattern.`,
      );
    for (const key of ["pattern", "minLength", "maxLength"])
      if (Object.hasOwn(schema, key)) throw new JsonSchemaError(path, `"${key}" beside "format" is not supported.`);
    return { kind: "format", format: known };
  }
  if (pattern === undefined) return { kind: "string", least: least ?? 0, most };
  if (typeof pattern !== "string") throw new JsonSchemaError(path, "pattern must be a text.");
  if (hasLength) throw new JsonSchemaError(path, `"minLength" or "maxLength" beside "pattern" is not supported.`);
  return { kind: "pattern", pattern, path };
}

/** The stricter of two limits, of which one may be missing. */
function limitOf(schema: SchemaObject, side: "minimum" | "maximum", path: string): Limit | null {
  const exclusiveKey = side === "minimum" ? "exclusiveMinimum" : "exclusiveMaximum";
  const [value, exclusive] = [schema[side], schema[exclusiveKey]];
  for (const [key, given] of [
    [side, value],
    [exclusiveKey, exclusive],
  ] as const)
    if (given !== undefined && typeof given !== "number") throw new JsonSchemaError(path, `${key} must be a number.`);
  if (typeof exclusive === "number") {
    const isStricter = typeof value !== "number" || (side === "minimum" ? exclusive >= value : exclusive <= value);
    if (isStricter) return { value: exclusive, isExclusive: true };
  }
  return typeof value === "number" ? { value, isExclusive: false } : null;
}

function readInteger(schema: SchemaObject, path: string): SchemaNode {
  const [from, to] = [limitOf(schema, "minimum", path), limitOf(schema, "maximum", path)];
  const least = from === null ? null : from.isExclusive ? Math.floor(from.value) + 1 : Math.ceil(from.value);
  const most = to === null ? null : to.isExclusive ? Math.ceil(to.value) - 1 : Math.floor(to.value);
  for (const limit of [least, most])
    if (limit !== null && !Number.isSafeInteger(limit))
      throw new JsonSchemaError(path, `${limit} has too many digits for a limit.`);
  refuseCrossed(least, most, "the smallest value", "the largest", path);
  return { kind: "integer", least, most };
}

function readNumber(schema: SchemaObject, path: string): SchemaNode {
  const [from, to] = [limitOf(schema, "minimum", path), limitOf(schema, "maximum", path)];
  refuseCrossed(from?.value ?? null, to?.value ?? null, "the smallest value", "the largest", path);
  return { kind: "number", from, to, path };
}

/** References that lead back to themselves without a character in between would never end. */
function refuseEndless({ root, targets }: SchemaDocument): void {
  const visit = (node: SchemaNode, via: readonly string[]): void => {
    if (node.kind === "choice") for (const part of node.nodes) visit(part, via);
    if (node.kind !== "reference") return;
    if (via.includes(node.target)) throw new JsonSchemaError(node.path, `$ref "${node.target}" leads back to itself.`);
    const target = targets.get(node.target);
    if (target) visit(target, [...via, node.target]);
  };
  visit(root, []);
  for (const [name, node] of targets) visit(node, [name]);
}

/** @throws JsonSchemaError for a schema that no grammar can express; the message says which part, and where */
export function readSchema(schema: JsonValue, exactness: Exactness = "exact"): SchemaDocument {
  const reader = new SchemaReader(schema, exactness);
  const document = { root: reader.read(schema, "#"), targets: reader.targets };
  refuseEndless(document);
  return document;
}
