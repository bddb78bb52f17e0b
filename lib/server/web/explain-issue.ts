import * as z from "zod";

/** The part of a JSON schema that says what a value may be. */
interface ValueSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly ValueSchema[];
  readonly items?: ValueSchema;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

/** Every whole number has JavaScript's own limits in its schema; they say nothing to a person. */
const isLimit = (value: number | undefined): value is number =>
  value !== undefined && Math.abs(value) !== Number.MAX_SAFE_INTEGER;

function range(min: number | undefined, max: number | undefined): string {
  if (isLimit(min) && isLimit(max)) return ` from ${min} to ${max}`;
  if (isLimit(min)) return ` of at least ${min}`;
  return isLimit(max) ? ` of at most ${max}` : "";
}

/** "a whole number from 1 to 16384", "one of f16, q8_0, q4_0": what may stand there. */
function describeValue(schema: ValueSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describeValue).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  switch (schema.type) {
    case "integer":
      return `a whole number${range(schema.minimum, schema.maximum)}`;
    case "number":
      return `a number${range(schema.minimum, schema.maximum)}`;
    case "string":
      return `text${describeLength(schema.minLength, schema.maxLength, "characters")}`;
    case "array":
      return `a list${describeLength(schema.minItems, schema.maxItems, "entries")}`;
    case "boolean":
      return "true or false";
    case "object":
      return "an object";
    default:
      return schema.type ?? "something else";
  }
}

const describeLength = (min: number | undefined, max: number | undefined, of: string): string => {
  const length = range(min, max);
  return length === "" ? "" : `${length.replace(" from", " of")} ${of}`;
};

function schemaAt(schema: ValueSchema | undefined, path: readonly PropertyKey[]): ValueSchema | undefined {
  const [key, ...rest] = path;
  if (key === undefined || schema === undefined) return schema;
  return schemaAt(typeof key === "number" ? schema.items : schema.properties?.[String(key)], rest);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

const MAX_SHOWN_CHARACTERS = 60;

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** "messages[2].content" */
const formatPath = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`)).join("");

/**
 * The first thing that is wrong with `value`, naming the field, what may stand there and what did:
 * "N_CTX must be a whole number from 1 to 16777216, not -1."
 */
export function explainIssue(schema: z.core.$ZodType, value: unknown, error: z.core.$ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "The input is not valid.";
  if (issue.code === "unrecognized_keys") {
    const inside = issue.path.length > 0 ? ` in ${formatPath(issue.path)}` : "";
    return `There is no field ${issue.keys.map(key => JSON.stringify(key)).join(", ")}${inside}.`;
  }
  const name = issue.path.length > 0 ? formatPath(issue.path) : "The body";
  if (issue.code === "custom") return `${name}: ${issue.message}`;
  const json: ValueSchema = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as ValueSchema;
  const wanted = schemaAt(json, issue.path);
  if (wanted === undefined) return `${name}: ${issue.message}.`;
  return `${name} must be ${describeValue(wanted)}, not ${show(valueAt(value, issue.path))}.`;
}
