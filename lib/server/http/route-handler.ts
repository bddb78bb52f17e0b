import * as z from "zod";
import type { ErrorBody } from "@/lib/schema/api-error";
import { commonErrors, type Endpoint, type HandlerReply, type ParsedPart } from "@/lib/schema/endpoint";
import type { ApiKeys } from "@/lib/server/access/api-keys";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { explainIssue } from "@/lib/server/system/explain-issue";
import type { Log } from "@/lib/server/system/log";
import { RequestError } from "@/lib/server/system/request-error";
import { errorShape } from "./error-shape";
import { readJson } from "./read-json";
import { type AccessPolicy, givenKey, guardRequest, isClientPath, type Refusal } from "./request-guard";

/** The services that the frame itself needs; it passes all services on to each route. */
interface Frame {
  /** `checkContract`: replies and error codes are checked against the endpoint, in development and in tests. */
  readonly environment: { readonly checkContract: boolean };
  readonly access: AccessPolicy & { readonly apiKeys: Pick<ApiKeys, "find" | "begin" | "areRequired"> };
  readonly log: Pick<Log, "failure">;
}

interface RouteInput<App, E extends Endpoint> {
  readonly params: ParsedPart<E, "params">;
  readonly query: ParsedPart<E, "query">;
  readonly body: ParsedPart<E, "body">;
  readonly request: Request;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** The API key that the request came with; null for none. */
  readonly keyId: string | null;
  readonly services: App;
}

/** The work behind an endpoint, once its input is valid. */
type Handle<App, E extends Endpoint> = (input: RouteInput<App, E>) => HandlerReply<E> | Promise<HandlerReply<E>>;

interface RouteContext {
  readonly params: Promise<Record<string, string | string[] | undefined>>;
}

type RouteHandler = (request: Request, context: RouteContext) => Promise<Response>;

const builtHere = new WeakMap<object, Endpoint>();

/** For the tests that walk all routes: the endpoint of a guarded handler made by `route`; null for any other handler. */
export const endpointOf = (handler: unknown): Endpoint | null =>
  typeof handler === "function" ? (builtHere.get(handler) ?? null) : null;

/**
 * The only way to build an API route: guard, then input, then the work, then the error table.
 *
 * @param services called for each request: the first call builds them
 */
export const routesFor =
  <App extends Frame>(services: () => App) =>
  <E extends Endpoint>(endpoint: E, handle: Handle<App, E>): RouteHandler => {
    const handler: RouteHandler = (request, context) => answerRequest(endpoint, handle, services, request, context);
    builtHere.set(handler, endpoint);
    return handler;
  };

async function answerRequest<App extends Frame, E extends Endpoint>(
  endpoint: E,
  handle: Handle<App, E>,
  services: () => App,
  request: Request,
  context: RouteContext,
): Promise<Response> {
  try {
    const app = services();
    const refusal = guard(request, app.access);
    if (refusal) return errorResponse(refusal.status, refusal, endpoint);
    const keyId = beginWithKey(endpoint, request, app.access.apiKeys);
    const input = await readInput(endpoint, request, context);
    const reply = await handle({ ...input, request, signal: request.signal, keyId, services: app });
    if (app.environment.checkContract) requireReply(endpoint, reply);
    return toResponse(reply);
  } catch (error) {
    const code = errorCodeOf(error);
    const where = `${request.method} ${new URL(request.url).pathname}`;
    if (code === "INTERNAL") services().log.failure(where, error);
    else if (!isDeclared(endpoint, code)) services().log.failure(where, new Error(`It does not declare ${code}.`));
    const { status, body, retryAfterSeconds } = errorAnswer(error);
    return errorResponse(status, body, endpoint, retryAfterSeconds);
  }
}

/** Requests with an API key are counted by it. @throws RequestError RATE_LIMITED */
function beginWithKey({ method, path }: Endpoint, request: Request, keys: Frame["access"]["apiKeys"]): string | null {
  const given = isClientPath(path) ? givenKey({ header: name => request.headers.get(name) }) : null;
  const found = given === null ? null : keys.find(given);
  if (found === null || found === "unknown") return null;
  if (method === "POST") keys.begin(found.id);
  return found.id;
}

const isDeclared = ({ errors = [] }: Endpoint, code: ErrorBody["code"]): boolean =>
  errors.includes(code) || commonErrors.includes(code);

/** @throws Error for a reply that the contract does not allow */
function requireReply({ method, path, reply: schema }: Endpoint, reply: unknown): void {
  if (schema === undefined) return;
  const checked = z.safeParse(schema, JSON.parse(JSON.stringify(reply)));
  if (checked.success) return;
  throw new Error(
    `The reply of ${method} ${path} is not what lib/schema/api.ts says: ${z.prettifyError(checked.error)}`,
  );
}

/** In addition to the web server's guard: this one holds however the request came here. */
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

async function readInput<E extends Endpoint>(endpoint: E, request: Request, context: RouteContext) {
  const { params, query, body } = endpoint;
  return {
    params: parseInput(params, params && (await context.params)) as ParsedPart<E, "params">,
    query: parseInput(query, Object.fromEntries(new URL(request.url).searchParams)) as ParsedPart<E, "query">,
    body: parseInput(body, body && (await readJson(request))) as ParsedPart<E, "body">,
  };
}

function parseInput(schema: z.core.$ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw new RequestError("INVALID_INPUT", explainIssue(schema, value, result.error));
}

function toResponse(result: unknown): Response {
  const response = result instanceof Response ? result : Response.json(result);
  response.headers.set("cache-control", "no-store");
  return response;
}

/** Under /v1, errors have the form that OpenAI's clients read. */
function errorResponse(
  status: number,
  { code, message, next, promptTokens, contextTokens }: ErrorBody,
  { path }: Endpoint,
  retryAfterSeconds?: number,
): Response {
  const counts = {
    ...(promptTokens !== undefined && { promptTokens }),
    ...(contextTokens !== undefined && { contextTokens }),
  };
  const body = { code, message, ...(next !== undefined && { next }), ...counts };
  return Response.json(errorShape(path, status, body), {
    status,
    headers: { "cache-control": "no-store", ...(retryAfterSeconds && { "retry-after": String(retryAfterSeconds) }) },
  });
}
