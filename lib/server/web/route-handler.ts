import * as z from "zod";
import type { ErrorBody } from "@/lib/schema/api-error";
import { openAiError } from "@/lib/server/openai/openai-error";
import { type Services, services } from "@/lib/server/services";
import { errorAnswer, errorCodeOf } from "./error-table";
import { explainIssue } from "./explain-issue";
import { readJson } from "./read-json";
import { RequestError } from "./request-error";
import { guardRequest, type Refusal } from "./request-guard";

/** What a route says about its input, and what it does with it once that is valid. */
export interface RouteOptions<
  Params extends z.core.$ZodType,
  Query extends z.core.$ZodType,
  Body extends z.core.$ZodType,
> {
  /** Parts of the path, such as `[id]`. */
  readonly params?: Params;
  readonly query?: Query;
  /** Without it a body is never read. */
  readonly body?: Body;
  readonly bodyLimitBytes?: number;
  /** `openai`: errors in the shape that OpenAI's clients read. */
  readonly errors?: "headroom" | "openai";
  /** A Response is sent as it is, anything else as JSON. */
  handle(input: RouteInput<z.output<Params>, z.output<Query>, z.output<Body>>): unknown;
}

export interface RouteInput<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: Request;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  readonly services: Services;
}

interface RouteContext {
  readonly params: Promise<Record<string, string | string[] | undefined>>;
}

type RouteHandler = (request: Request, context: RouteContext) => Promise<Response>;

type InputSchemas = Partial<Record<"params" | "query" | "body", z.core.$ZodType>>;

const builtHere = new WeakMap<object, InputSchemas>();

/**
 * For the tests that walk all routes: what a handler reads, where it was made by `route` and so is guarded; null for any
 * other.
 */
export const inputSchemasOf = (handler: unknown): InputSchemas | null =>
  typeof handler === "function" ? (builtHere.get(handler) ?? null) : null;

/**
 * The only way to build an API route: guard, then input, then the work, then the error table.
 */
export function route<
  Params extends z.core.$ZodType = z.ZodUndefined,
  Query extends z.core.$ZodType = z.ZodUndefined,
  Body extends z.core.$ZodType = z.ZodUndefined,
>(options: RouteOptions<Params, Query, Body>): RouteHandler {
  const shape = options.errors ?? "headroom";
  const handler: RouteHandler = async (request, context) => {
    try {
      const app = services();
      const refusal = guard(request, app);
      if (refusal) return errorResponse(refusal.status, refusal, shape);
      const input = await readInput(options, request, context);
      return toResponse(await options.handle({ ...input, request, signal: request.signal, services: app }));
    } catch (error) {
      if (errorCodeOf(error) === "INTERNAL") logFailure(error, request);
      const { status, body } = errorAnswer(error);
      return errorResponse(status, body, shape);
    }
  };
  const { params, query, body } = options;
  builtHere.set(handler, { ...(params && { params }), ...(query && { query }), ...(body && { body }) });
  return handler;
}

/** Beside the web server's guard: this one holds however the request came here. */
function guard(request: Request, { environment }: Services): Refusal | null {
  const host = request.headers.get("host");
  const guarded = {
    method: request.method,
    target: new URL(request.url).pathname,
    hosts: host === null ? [] : [host],
    header: (name: string) => request.headers.get(name),
  };
  return guardRequest(guarded, environment);
}

async function readInput<Params extends z.core.$ZodType, Query extends z.core.$ZodType, Body extends z.core.$ZodType>(
  options: RouteOptions<Params, Query, Body>,
  request: Request,
  context: RouteContext,
) {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  return {
    params: parseInput(options.params, options.params && (await context.params)),
    query: parseInput(options.query, query),
    body: parseInput(options.body, options.body && (await readJson(request, options.bodyLimitBytes))),
  };
}

function parseInput<Schema extends z.core.$ZodType>(schema: Schema | undefined, value: unknown): z.output<Schema> {
  if (schema === undefined) return undefined as z.output<Schema>;
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw new RequestError("INVALID_INPUT", explainIssue(schema, value, result.error));
}

function toResponse(result: unknown): Response {
  const response = result instanceof Response ? result : Response.json(result ?? {});
  response.headers.set("cache-control", "no-store");
  return response;
}

function errorResponse(status: number, { code, message, next }: ErrorBody, shape: "headroom" | "openai"): Response {
  const body = { code, message, ...(next !== undefined && { next }) };
  return Response.json(shape === "openai" ? openAiError(status, body) : { error: body }, {
    status,
    headers: { "cache-control": "no-store", ...(status === 503 && { "retry-after": "2" }) },
  });
}

function logFailure(error: unknown, request: Request): void {
  const { pathname } = new URL(request.url);
  services().log.failure(`${request.method} ${pathname}`, error);
}
