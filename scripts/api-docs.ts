import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import * as z from "zod";
import { endpoints } from "@/lib/schema/api";
import { errorCodeSchema } from "@/lib/schema/api-error";
import { benchmarkRunSchema, benchmarkStateSchema } from "@/lib/schema/benchmark";
import { attachmentSchema, chatMessageSchema, chatSchema } from "@/lib/schema/chat";
import { commonErrors, type Endpoint } from "@/lib/schema/endpoint";
import { engineSnapshotSchema } from "@/lib/schema/live-events";
import { localModelSchema } from "@/lib/schema/models/local-model";
import { planReportSchema } from "@/lib/schema/plan-report";
import { gpuMemorySchema, gpuReportSchema } from "@/lib/schema/plans/gpu-memory";
import { loadConfigSchema } from "@/lib/schema/plans/load-config";
import { memorySurfaceSchema } from "@/lib/schema/plans/memory-surface";
import { memoryPartsSchema, receiptSchema } from "@/lib/schema/plans/receipt";
import { settingsPatchSchema, settingsSchema } from "@/lib/schema/settings/settings";

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** Shapes that are long or used in several places. The document shows each once. */
const named = {
  ErrorCode: errorCodeSchema,
  Chat: chatSchema,
  Message: chatMessageSchema,
  Attachment: attachmentSchema,
  Settings: settingsSchema,
  SettingsPatch: settingsPatchSchema,
  Plan: planReportSchema,
  Surface: memorySurfaceSchema,
  GpuMemory: gpuMemorySchema,
  GpuReport: gpuReportSchema,
  Engine: engineSnapshotSchema,
  MemoryParts: memoryPartsSchema,
  Receipt: receiptSchema,
  BenchmarkState: benchmarkStateSchema,
  BenchmarkRun: benchmarkRunSchema,
  LocalModel: localModelSchema,
  LoadConfig: loadConfigSchema,
};

const registry = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });

const jsonOf = (schema: z.core.$ZodType, io: "input" | "output"): JsonSchema =>
  z.toJSONSchema(schema, { io, unrepresentable: "any", metadata: registry }) as JsonSchema;

/** A schema as a TypeScript type, because callers of an API read that fastest. */
function typeText(schema: JsonSchema): string {
  if (schema.$ref) return schema.$ref.split("/").at(-1) ?? "";
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return [...new Set(branches.map(typeText))].join(" | ");
  if (schema.allOf) return schema.allOf.map(typeText).join(" & ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return listText(typeText(schema.items ?? {}));
  if (schema.properties) return `{ ${fieldsOf(schema).join(", ")} }`;
  if (typeof schema.additionalProperties === "object") return `{ [key]: ${typeText(schema.additionalProperties)} }`;
  return [schema.type ?? "any"].flat().join(" | ");
}

const listText = (item: string): string => (item.includes(" | ") ? `(${item})[]` : `${item}[]`);

const fieldsOf = ({ properties = {}, required = [] }: JsonSchema): string[] =>
  Object.entries(properties).map(([name, field]) => `${name}${required.includes(name) ? "" : "?"}: ${typeText(field)}`);

/** Text with one line for each field or branch of a union. */
function blockText(schema: JsonSchema): string {
  const { $ref, $defs, anyOf, oneOf, properties } = schema;
  const branches = anyOf ?? oneOf;
  if ($ref && $defs) return typeText(schema);
  if (branches) return branches.map(branch => `| ${typeText(branch)}`).join("\n");
  return properties
    ? `{\n${fieldsOf(schema)
        .map(field => `  ${field}`)
        .join("\n")}\n}`
    : typeText(schema);
}

const codeBlock = (label: string, schema: z.core.$ZodType, io: "input" | "output"): string =>
  `${label}\n\n\`\`\`ts\n${blockText(jsonOf(schema, io))}\n\`\`\``;

const ENDPOINTS = "lib/schema/api";

/** The comments above what a file exports, by its name. */
function commentsIn(path: string): [name: string, comment: string][] {
  const source = readFileSync(path, "utf8");
  const { program, comments } = parseSync(path, source);
  return program.body.flatMap(node => {
    if (node.type !== "ExportNamedDeclaration" || node.declaration?.type !== "VariableDeclaration") return [];
    const comment = comments.find(({ end }) => end < node.start && source.slice(end, node.start).trim() === "");
    if (comment === undefined) return [];
    const lines = comment.value.split("\n").map(line => line.replace(/^\s*\*+/, "").trim());
    return node.declaration.declarations.flatMap(({ id }) =>
      id.type === "Identifier" ? [[id.name, lines.join(" ").trim()] as [string, string]] : [],
    );
  });
}

const descriptions = new Map(readdirSync(ENDPOINTS).flatMap(file => commentsIn(join(ENDPOINTS, file))));

function descriptionOf(name: string): string {
  const text = descriptions.get(name);
  if (!text) throw new Error(`${name} in ${ENDPOINTS} has no comment above it that says what it does.`);
  return text;
}

function endpointText([name, endpoint]: [string, Endpoint]): string {
  const { method, path, query, body, takesBytes, reply, streams, sends, errors = [] } = endpoint;
  const parts = [
    `### ${method} ${path.replaceAll(/\[(?:\.{3})?(\w+)\]/g, "{$1}")}`,
    descriptionOf(name),
    query && codeBlock("Query:", query, "input"),
    body && codeBlock("Body:", body, "input"),
    takesBytes && "Body: bytes, as application/octet-stream.",
    reply && codeBlock("Reply:", reply, "output"),
    streams && codeBlock("Server-sent events, the data of each:", streams, "output"),
    sends && `Answers with ${sends}.`,
    errors.length > 0 && `Errors: ${[...new Set(errors)].join(", ")}.`,
  ];
  return parts.filter(part => typeof part === "string").join("\n\n");
}

/** The text of a named schema itself, not of a reference to it. */
function namedText([name, schema]: [string, z.core.$ZodType]): string {
  const { $ref, $defs, ...own } = jsonOf(schema, "output");
  const definition = $ref ? ($defs?.[name] ?? own) : own;
  return `### ${name}\n\n\`\`\`ts\n${blockText(definition)}\n\`\`\``;
}

const INTRODUCTION = `# The HTTP API

Made from \`lib/schema/api.ts\`, the contract that server and page are built from; do not edit it by hand. \`npx vitest run
scripts/api-docs.test.ts -u\` writes it again.

Requests with a body send JSON, unless they say otherwise. Errors are \`{"error": {"code", "message", "next"?}}\` with a status of their own; under \`/v1\` they have OpenAI's
shape. Any route may answer with ${commonErrors.join(", ")}. With \`HEADROOM_TOKEN\` set, send it as
\`Authorization: Bearer …\`.

429 (QUEUE_FULL, RATE_LIMITED) asks to send the same request again, 503 (BUSY, ENGINE_FAILED, STORE_UNAVAILABLE) says that the engine or
the data folder is not ready. \`Retry-After\` says in how many seconds to try again.`;

/** docs/api.md */
export const apiDocs = (): string => {
  const routes = Object.entries(endpoints).map(endpointText);
  const shapes = Object.entries(named).map(namedText);
  return `${[INTRODUCTION, "## Routes", ...routes, "## Shapes", ...shapes].join("\n\n")}\n`;
};
