import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { endpoints } from "@/lib/schema/api";
import type { Endpoint } from "@/lib/schema/endpoint";
import { endpointOf } from "@/lib/server/http/route-handler";
import { explainIssue } from "@/lib/server/system/explain-issue";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function routeFilesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return routeFilesBelow(path);
    return /^route\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const files = routeFilesBelow(import.meta.dirname);

describe("S7 every route of the app is built with the guard", () => {
  it("S7 there are routes to look at", () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files.map(file => file.slice(import.meta.dirname.length + 1)))("S7 %s", async file => {
    const module: Record<string, unknown> = await import(join(import.meta.dirname, file));
    const handlers = METHODS.filter(method => method in module);
    expect(handlers).not.toEqual([]);
    for (const method of handlers) expect(endpointOf(module[method]), method).not.toBe(null);
  });
});

interface FieldSchema {
  readonly anyOf?: readonly FieldSchema[];
  readonly oneOf?: readonly FieldSchema[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly items?: FieldSchema;
  readonly const?: unknown;
}

/** The smallest valid body for each field, with a value put into that field: one body for each field and kind of object. */
function bodiesWith(schema: FieldSchema, put: unknown): { field: string; body: unknown }[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return branches.flatMap(branch => bodiesWith(branch, put));
  if (schema.items)
    return bodiesWith(schema.items, put).map(({ field, body }) => ({
      field: `[0]${field && `.${field}`}`,
      body: [body],
    }));
  if (!schema.properties) return [{ field: "", body: put }];
  const fixed = Object.fromEntries(
    Object.entries(schema.properties).flatMap(([key, inner]) => ("const" in inner ? [[key, inner.const]] : [])),
  );
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    [{ field: "", body: put }, ...bodiesWith(inner, put)].map(({ field, body }) => ({
      field: `${key}${field.startsWith("[") || field === "" ? field : `.${field}`}`,
      body: { ...fixed, [key]: body },
    })),
  );
}

/** Values that hardly any field accepts; `undefined` means that the field is missing. */
const wrongValues = [undefined, -7.5, "\u0000?", "", true, [], [[1]], {}, { "5": 1 }, "x".repeat(5_000_000)];
/** "tools must be an empty list, not a list of 1 entry." and nothing that only a programmer would say. */
const SENTENCE =
  /^(?:[\w.[\]]+ (?:must be .+, not .+|is missing: it must be .+)|The body (?:must be .+, not .+|is missing: it must be .+)|There is no field ".*"(?: in [\w.[\]]+)?)\.$/s;
const NOT_SAID =
  /invalid|expected|undefined|\bat most 0\b|\bnull\b|\b1 (?:entries|characters)|not nothing|must be ,|object Object|\^|\/\^/i;

/** Endpoints of a file's handlers, such as "GET /api/chats/[id]". */
const routesIn = async (file: string): Promise<string[]> => {
  const module: Record<string, unknown> = await import(join(import.meta.dirname, file));
  return METHODS.filter(method => method in module).map(method => `${method} /${dirname(file)}`);
};
const nameOf = ({ method, path }: Endpoint): string => `${method} ${path}`;

describe("lib/schema/api.ts is the contract of HTTP", () => {
  it("names every route of the app, and no other", async () => {
    const served = (await Promise.all(files.map(file => routesIn(relative(import.meta.dirname, file))))).flat();
    const declared = Object.values(endpoints).map(nameOf);
    expect(served.filter(name => !name.includes("[...path]")).sort()).toEqual([...declared].sort());
    expect(new Set(declared).size).toBe(declared.length);
  });

  it.each(files.map(file => relative(import.meta.dirname, file)))(
    "%s serves the endpoint of its own path",
    async file => {
      const module: Record<string, unknown> = await import(join(import.meta.dirname, file));
      for (const method of METHODS.filter(name => name in module && !file.includes("[...path]"))) {
        const endpoint = endpointOf(module[method]);
        expect(endpoint && nameOf(endpoint)).toBe(`${method} /${dirname(file)}`);
      }
    },
  );
});

const inputSchemas = (endpoint: Endpoint | null): z.core.$ZodType[] =>
  [endpoint?.params, endpoint?.query, endpoint?.body].filter(schema => schema !== undefined);

describe("each refusal of input is a sentence that a person would say", () => {
  it.each(files.map(file => file.slice(import.meta.dirname.length + 1)))("%s", async file => {
    const module: Record<string, unknown> = await import(join(import.meta.dirname, file));
    for (const method of METHODS)
      for (const schema of inputSchemas(endpointOf(module[method]))) {
        const json = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as FieldSchema;
        for (const put of wrongValues)
          for (const { field, body } of [{ field: "", body: put }, ...bodiesWith(json, put)]) {
            const result = z.safeParse(schema, body);
            if (result.success) continue;
            const sentence = explainIssue(schema, body, result.error);
            expect(sentence, `${method} ${field}`).toMatch(SENTENCE);
            expect(sentence.replaceAll(/"(?:[^"\\]|\\.)*"/g, "x"), `${method} ${field}`).not.toMatch(NOT_SAID);
            // The longest names every setting.
            expect(sentence.length, `${method} ${field}`).toBeLessThan(500);
          }
      }
  });
});
