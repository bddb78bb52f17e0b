import * as z from "zod";

/** The part of a JSON schema that says what a value may be. */
interface ValueSchema {
  readonly type?: string | readonly string[];
  /** Words to use where a pattern means nothing to a person. */
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly ValueSchema[];
  readonly oneOf?: readonly ValueSchema[];
  readonly items?: ValueSchema;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: ValueSchema | boolean;
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** Every whole number has JavaScript's own limits in its schema; they mean nothing to a person. */
const isLimit = (value: number | undefined): value is number =>
  value !== undefined && Math.abs(value) !== Number.MAX_SAFE_INTEGER;

function range(min: number | undefined, max: number | undefined): string {
  if (isLimit(min) && isLimit(max)) return ` from ${min} to ${max}`;
  if (isLimit(min)) return ` of at least ${min}`;
  return isLimit(max) ? ` of at most ${max}` : "";
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

function lengthInWords(
  min: number | undefined,
  max: number | undefined,
  [one, many]: readonly [string, string],
): string {
  if (isLimit(min) && min === max) return ` of ${counted(min, one, many)}`;
  const length = range(min, max);
  return length === "" ? "" : `${length.replace(" from", " of")} ${(max ?? min) === 1 ? one : many}`;
}

const characters = ["character", "characters"] as const;
const entries = ["entry", "entries"] as const;

/** Splits unions: each branch is one way to be valid. */
const branchesOf = (schema: ValueSchema): readonly ValueSchema[] => {
  const { type } = schema;
  const inner =
    schema.anyOf ??
    schema.oneOf ??
    (Array.isArray(type) ? type.map((one: string) => ({ ...schema, type: one })) : null);
  return inner === null ? [schema] : inner.flatMap(branchesOf);
};

/** More names than these hide the rest of the sentence. */
const MOST_NAMED = 24;

const someOf = (values: readonly unknown[]): string => {
  const more = values.length - MOST_NAMED;
  return `${values.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
};

/** "a whole number from 1 to 16384", "one of f16, q8_0, q4_0": the values that are allowed. */
function describeBranch(schema: ValueSchema): string {
  if (schema.description !== undefined) return schema.description;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.length === 1 ? JSON.stringify(schema.enum[0]) : `one of ${someOf(schema.enum)}`;
  switch (schema.type) {
    case "integer":
      return `a whole number${range(schema.minimum, schema.maximum)}`;
    case "number":
      return `a number${range(schema.minimum, schema.maximum)}`;
    case "string":
      if (schema.maxLength === 0) return "empty text";
      return `text${lengthInWords(schema.minLength, schema.maxLength, characters)}`;
    case "array":
      return schema.maxItems === 0
        ? "an empty list"
        : `a list${lengthInWords(schema.minItems, schema.maxItems, entries)}`;
    case "boolean":
      return "true or false";
    case "object":
      return takesNoField(schema) ? "an empty object" : "an object";
    default:
      return "something else";
  }
}

const takesNoField = ({ properties, additionalProperties }: ValueSchema): boolean =>
  additionalProperties === false && Object.keys(properties ?? {}).length === 0;

/** Combines several fixed values into one list. */
function withOneList(schemas: readonly ValueSchema[]): readonly ValueSchema[] {
  const fixed = schemas.flatMap(({ const: only, enum: several = only === undefined ? [] : [only] }) => several);
  const rest = schemas.filter(schema => schema.const === undefined && schema.enum === undefined);
  return fixed.length === 0 ? rest : [{ enum: [...new Set(fixed)] }, ...rest];
}

const isNull = ({ type }: ValueSchema): boolean => type === "null";

/** A field that may be null may as well be left out, so null is named only if nothing else is allowed. */
function inWords(schemas: readonly ValueSchema[]): string {
  const named = schemas.filter(schema => !isNull(schema) || schema.description !== undefined);
  return [...new Set(withOneList(named).map(describeBranch))].join(" or ") || "left out";
}

/** Of several kinds of object, those whose fixed fields ("role", "type") match the value; all kinds if none matches. */
function kindsLike(branches: readonly ValueSchema[], value: unknown): readonly ValueSchema[] {
  const objects = branches.filter(({ properties }) => properties !== undefined);
  const alike = objects.filter(({ properties }) =>
    Object.entries(properties ?? {}).every(
      ([key, { const: fixed, enum: allowed = fixed === undefined ? [] : [fixed] }]) => {
        const given = valueAt(value, [key]);
        return allowed.length === 0 || given === undefined || allowed.includes(given);
      },
    ),
  );
  return alike.length > 0 ? branches.filter(branch => alike.includes(branch) || !objects.includes(branch)) : branches;
}

/** All schemas that are allowed at `path`. */
function schemasAt(schema: ValueSchema, path: Path, value: unknown): readonly ValueSchema[] {
  const [key, ...rest] = path;
  const branches = branchesOf(schema);
  if (key === undefined) return branches;
  return kindsLike(branches, value).flatMap(({ items, properties, additionalProperties }) => {
    const others = typeof additionalProperties === "object" ? additionalProperties : undefined;
    const inner = typeof key === "number" ? items : (properties?.[String(key)] ?? others);
    return inner === undefined ? [] : schemasAt(inner, rest, valueAt(value, [key]));
  });
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined,
    value,
  );
}

const MAX_SHOWN_CHARACTERS = 60;
const MAX_SHOWN_FIELDS = 3;

function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${counted(value.length, ...entries)}`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    if (keys.length === 0) return "an empty object";
    const shown = keys.slice(0, MAX_SHOWN_FIELDS).map(showText);
    return `an object with ${shown.join(", ")}${keys.length > MAX_SHOWN_FIELDS ? " and more" : ""}`;
  }
  return typeof value === "string" ? showText(value) : JSON.stringify(value);
}

function showText(text: string): string {
  const shown = JSON.stringify(text);
  return shown.length > MAX_SHOWN_CHARACTERS ? `${shown.slice(0, MAX_SHOWN_CHARACTERS)}…` : shown;
}

/** For a text that is too long, its length matters, not its beginning. */
function showFor(issue: Issue, value: unknown): string {
  const isLength = issue.code === "too_big" || issue.code === "too_small";
  if (isLength && typeof value === "string" && value !== "") return counted(value.length, ...characters);
  return show(value);
}

/** "messages[2].content" */
const formatPath = (path: Path): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`)).join("");

/**
 * If several kinds of value are allowed, the fault inside the kind that the value has: for a list with a wrong entry, the
 * fault of the entry. Stays at the union if the value is of none of the kinds.
 */
function innermost(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const inside = issue.errors.flatMap(([first]) =>
    first === undefined || (first.path.length === 0 && first.code !== "unrecognized_keys") ? [] : [first],
  );
  const [only] = inside;
  if (only === undefined || inside.length > 1) return issue;
  return innermost({ ...only, path: [...issue.path, ...only.path] });
}

/** Each schema is written as a JSON schema once: it takes tens of milliseconds for a large one, and a server gets bad input often. */
const jsonSchemas = new WeakMap<z.core.$ZodType, ValueSchema>();

function jsonSchemaOf(schema: z.core.$ZodType): ValueSchema {
  const json =
    jsonSchemas.get(schema) ?? (z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as ValueSchema);
  jsonSchemas.set(schema, json);
  return json;
}

/**
 * The first fault of `value`: names the field, the allowed values and the actual value:
 * "N_CTX must be a whole number from 1 to 16777216, not -1."
 */
export function explainIssue(schema: z.core.$ZodType, value: unknown, error: z.core.$ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return "The input is not valid.";
  const issue = innermost(first);
  const { path } = issue;
  const expected = schemasAt(jsonSchemaOf(schema), path, value);
  const name = path.length > 0 ? formatPath(path) : "The body";
  const given = valueAt(value, path);
  if (issue.code === "unrecognized_keys" && !expected.some(takesNoField)) {
    const inside = path.length > 0 ? ` in ${formatPath(path)}` : "";
    return `There is no field ${issue.keys.map(showText).join(", ")}${inside}.`;
  }
  if (issue.code === "custom") return `${name} ${issue.message}, not ${show(given)}.`;
  if (given === undefined) return `${name} is missing: it must be ${inWords(expected)}.`;
  const isUnwanted = expected.every(isNull);
  return `${name} must be ${inWords(expected)}${isUnwanted ? "" : `, not ${showFor(issue, given)}`}.`;
}
