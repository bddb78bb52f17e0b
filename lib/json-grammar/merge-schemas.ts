import { JsonSchemaError } from "./json-schema-error";
import type { JsonValue } from "./schema-node";

export type SchemaObject = { readonly [key: string]: JsonValue };

export const isSchemaObject = (value: JsonValue | undefined): value is SchemaObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const asObject = (value: JsonValue | undefined): SchemaObject => (isSchemaObject(value) ? value : {});
const asList = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value as JsonValue];

/** Equal JSON values have equal texts, whatever the order of their keys. */
const textOf = (value: JsonValue): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

export const isSameJson = (a: JsonValue, b: JsonValue): boolean => textOf(a) === textOf(b);

const numberOf = (value: JsonValue | undefined): number => (typeof value === "number" ? value : Number.NaN);

/** Keys whose larger value is the stricter one, and those whose smaller value is. */
const strictest: Readonly<Record<string, (a: number, b: number) => number>> = {
  minimum: Math.max,
  exclusiveMinimum: Math.max,
  minItems: Math.max,
  minLength: Math.max,
  maximum: Math.min,
  exclusiveMaximum: Math.min,
  maxItems: Math.min,
  maxLength: Math.min,
};

/** Keys that `mergeSchemas` treats as a group. */
const grouped = new Set(["type", "enum", "const", "properties", "required", "additionalProperties"]);
const descriptive = new Set(["title", "description", "default", "examples", "$comment", "$schema", "$id"]);

/** Both schemas at once, as one. Neither has `$ref`, `allOf`, `anyOf` or `oneOf`. @throws JsonSchemaError when that cannot be said */
export function mergeSchemas(a: SchemaObject, b: SchemaObject, path: string): SchemaObject {
  const merged: Record<string, JsonValue> = { ...a, ...b };
  for (const key of Object.keys(a).filter(key => Object.hasOwn(b, key) && !grouped.has(key) && !descriptive.has(key))) {
    const [ours, theirs] = [a[key] as JsonValue, b[key] as JsonValue];
    if (isSameJson(ours, theirs)) continue;
    const stricter = strictest[key];
    if (stricter) merged[key] = stricter(numberOf(ours), numberOf(theirs));
    else if (key === "items" && !Array.isArray(ours) && !Array.isArray(theirs)) merged[key] = { allOf: [ours, theirs] };
    else if (key !== "$defs" && key !== "definitions")
      throw new JsonSchemaError(path, `two different values of "${key}" cannot be combined.`);
  }
  return { ...merged, ...mergedTypes(a, b, path), ...mergedValues(a, b, path), ...mergedProperties(a, b) };
}

function mergedTypes(a: SchemaObject, b: SchemaObject, path: string): SchemaObject {
  if (a.type === undefined || b.type === undefined) return {};
  const theirs = asList(b.type);
  const both = asList(a.type).flatMap(type => {
    if (theirs.includes(type) || (type === "integer" && theirs.includes("number"))) return [type];
    return type === "number" && theirs.includes("integer") ? ["integer"] : [];
  });
  if (both.length === 0)
    throw new JsonSchemaError(path, `no value has the types ${textOf(a.type)} and ${textOf(b.type)}.`);
  return { type: both.length === 1 ? (both[0] as JsonValue) : both };
}

const valuesOf = (schema: SchemaObject): readonly JsonValue[] | null => {
  if (Object.hasOwn(schema, "const")) return [schema.const as JsonValue];
  return Object.hasOwn(schema, "enum") ? asList(schema.enum) : null;
};

function mergedValues(a: SchemaObject, b: SchemaObject, path: string): SchemaObject {
  const [ours, theirs] = [valuesOf(a), valuesOf(b)];
  if (ours === null || theirs === null) return {};
  const both = ours.filter(value => theirs.some(other => isSameJson(value, other)));
  if (both.length === 0) throw new JsonSchemaError(path, "no value is in both lists of allowed values.");
  // A list replaces a `const`, which would be read first.
  return {
    enum: both,
    ...(Object.hasOwn(a, "const") || Object.hasOwn(b, "const") ? { const: both[0] as JsonValue } : {}),
  };
}

function mergedProperties(a: SchemaObject, b: SchemaObject): SchemaObject {
  const [ours, theirs] = [asObject(a.properties), asObject(b.properties)];
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const required = [...new Set([...asList(a.required), ...asList(b.required)])];
  const others = [a.additionalProperties, b.additionalProperties].filter(value => value !== undefined);
  const properties = names.map(name => {
    const rules = [ours[name] ?? a.additionalProperties, theirs[name] ?? b.additionalProperties];
    return [name, both(rules.filter(rule => rule !== undefined))] as const;
  });
  return {
    ...(names.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
    ...(others.length > 0 && { additionalProperties: both(others) }),
  };
}

/** One schema that means all of these. */
function both(rules: readonly JsonValue[]): JsonValue {
  if (rules.includes(false)) return false;
  const telling = rules.filter(rule => rule !== true);
  return telling.length > 1 ? { allOf: telling } : (telling[0] ?? true);
}
