import * as z from "zod";
import type { ErrorBody } from "@/lib/schema/api-error";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { explainIssue } from "@/lib/server/system/explain-issue";
import type { Log } from "@/lib/server/system/log";
import { RequestError } from "@/lib/server/system/request-error";
import { openAiError } from "./openai-error";
import { readJson } from "./read-json";
import { type AccessPolicy, guardRequest, type Refusal } from "./request-guard";

/** What the frame itself needs of the services that it hands to each route. */
interface Frame {
  readonly environment: AccessPolicy;
  readonly log: Pick<Log, "failure">;
}

/** What a route says about its input, and what it does with it once that is valid. */
interface RouteOptions<
  App,
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
  handle(input: RouteInput<App, z.output<Params>, z.output<Query>, z.output<Body>>): unknown;
}

interface RouteInput<App, Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: Request;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  readonly services: App;
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
 *
 * @param services called for each request: they are built with the first one
 */
export const routesFor =
  <App extends Frame>(services: () => App) =>
  <
    Params extends z.core.$ZodType = z.ZodUndefined,
    Query extends z.core.$ZodType = z.ZodUndefined,
    Body extends z.core.$ZodType = z.ZodUndefined,
  >(
    options: RouteOptions<App, Params, Query, Body>,
  ): RouteHandler => {
    const handler: RouteHandler = (request, context) => answerRequest(options, services, request, context);
    const { params, query, body } = options;
    builtHere.set(handler, { ...(params && { params }), ...(query && { query }), ...(body && { body }) });
    return handler;
  };

async function answerRequest<
  App extends Frame,
  Params extends z.core.$ZodType,
  Query extends z.core.$ZodType,
  Body extends z.core.$ZodType,
>(
  options: RouteOptions<App, Params, Query, Body>,
  services: () => App,
  request: Request,
  context: RouteContext,
): Promise<Response> {
  const shape = options.errors ?? "headroom";
  try {
    const app = services();
    const refusal = guard(request, app.environment);
    if (refusal) return errorResponse(refusal.status, refusal, shape);
    const input = await readInput(options, request, context);
    return toResponse(await options.handle({ ...input, request, signal: request.signal, services: app }));
  } catch (error) {
    if (errorCodeOf(error) === "INTERNAL") {
      services().log.failure(`${request.method} ${new URL(request.url).pathname}`, error);
    }
    const { status, body } = errorAnswer(error);
    return errorResponse(status, body, shape);
  }
}

/** Beside the web server's guard: this one holds however the request came here. */
function guard(request: Request, policy: AccessPolicy): Refusal | null {
  const host = request.headers.get("host");
  const guarded = {
    method: request.method,
    target: new URL(request.url).pathname,
    hosts: host === null ? [] : [host],
    header: (name: string) => request.headers.get(name),
  };
  return guardRequest(guarded, policy);
}

async function readInput<Params extends z.core.$ZodType, Query extends z.core.$ZodType, Body extends z.core.$ZodType>(
  options: Pick<RouteOptions<never, Params, Query, Body>, "params" | "query" | "body" | "bodyLimitBytes">,
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
