import { describe, expect, it } from "vitest";
import * as z from "zod";
import { endpoints } from "@/lib/schema/api";
import type { Endpoint } from "@/lib/schema/endpoint";
import { isApiPath } from "@/lib/server/http/request-guard";
import { explainIssue } from "@/lib/server/system/explain-issue";
import { allRoutes } from "./all-routes";

const nameOf = ({ method, path }: Endpoint): string => `${method} ${path}`;
const served = allRoutes.map(({ endpoint }) => endpoint);

interface FieldSchema {
  readonly maxLength?: number;
  readonly anyOf?: readonly FieldSchema[];
  readonly oneOf?: readonly FieldSchema[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly items?: FieldSchema;
  readonly const?: unknown;
}

/** A value, or a function that makes one for a field. */
type Put = unknown;

const valueFor = (schema: FieldSchema, put: Put): unknown => (typeof put === "function" ? put(schema) : put);

/** The smallest valid body for each field, with a value put into that field: one body for each field and kind of object. */
function bodiesWith(schema: FieldSchema, put: Put): { field: string; body: unknown }[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return branches.flatMap(branch => bodiesWith(branch, put));
  if (schema.items)
    return bodiesWith(schema.items, put).map(({ field, body }) => ({
      field: `[0]${field && `.${field}`}`,
      body: [body],
    }));
  if (!schema.properties) return [{ field: "", body: valueFor(schema, put) }];
  const fixed = Object.fromEntries(
    Object.entries(schema.properties).flatMap(([key, inner]) => ("const" in inner ? [[key, inner.const]] : [])),
  );
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    [{ field: "", body: valueFor(inner, put) }, ...bodiesWith(inner, put)].map(({ field, body }) => ({
      field: `${key}${field.startsWith("[") || field === "" ? field : `.${field}`}`,
      body: { ...fixed, [key]: body },
    })),
  );
}

/** One character more than the field may hold, and more than fits a sentence. */
const tooLong = ({ maxLength = 0 }: FieldSchema): string => "x".repeat(Math.max(maxLength + 1, 2000));
/** Values that hardly any field accepts; `undefined` means that the field is missing. */
const wrongValues = [undefined, -7.5, "\u0000?", "", true, [], [[1]], {}, { "5": 1 }, tooLong];
/** "tools must be an empty list, not a list of 1 entry." and nothing that only a programmer would say. */
const SENTENCE =
  /^(?:[\w.[\]]+ (?:must be .+, not .+|must be left out[,:] .+|is missing: it must be .+)|The body (?:must be .+, not .+|is missing: it must be .+)|There is no field ".*"(?: in [\w.[\]]+)?)\.$/s;
const NOT_SAID =
  /invalid|expected|undefined|\bat most 0\b|\bnull\b|\b1 (?:entries|characters)|not nothing|must be ,|object Object|\^|\/\^/i;

describe("lib/schema/api.ts is the contract of HTTP", () => {
  it("names every route, and no other", () => {
    const declared = Object.values(endpoints).map(nameOf);
    expect(served.map(nameOf).sort()).toEqual([...declared].sort());
    expect(new Set(declared).size).toBe(declared.length);
  });

  it("S7 holds no path that the web server would leave to the pages", () => {
    expect(served.filter(({ path }) => !isApiPath(path))).toEqual([]);
  });
});

const inputSchemas = (endpoint: Endpoint): z.core.$ZodType[] =>
  [endpoint.params, endpoint.query, endpoint.body].filter(schema => schema !== undefined);

describe("each refusal of input is a sentence that a person would say", () => {
  it.each(served.map(endpoint => [nameOf(endpoint), endpoint] as const))("%s", (name, endpoint) => {
    for (const schema of inputSchemas(endpoint)) {
      const json = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as FieldSchema;
      for (const put of wrongValues)
        for (const { field, body } of [{ field: "", body: valueFor(json, put) }, ...bodiesWith(json, put)]) {
          const result = z.safeParse(schema, body);
          if (result.success) continue;
          const sentence = explainIssue(schema, body, result.error);
          expect(sentence, `${name} ${field}`).toMatch(SENTENCE);
          expect(sentence.replaceAll(/"(?:[^"\\]|\\.)*"/g, "x"), `${name} ${field}`).not.toMatch(NOT_SAID);
          // The longest names two dozen settings.
          expect(sentence.length, `${name} ${field}`).toBeLessThan(400);
        }
    }
  });
});
