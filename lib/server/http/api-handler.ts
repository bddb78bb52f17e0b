import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import * as z from "zod";
import type { ErrorCode } from "@/lib/schema/api-error";
import { commonErrors, type Endpoint } from "@/lib/schema/endpoint";
import type { ApiKeys } from "@/lib/server/access/api-keys";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import type { Log } from "@/lib/server/system/log";
import { RequestError } from "@/lib/server/system/request-error";
import { EventStream } from "./event-stream";
import { headerOf } from "./incoming";
import { sendError, sendJson } from "./outgoing";
import { givenKey, isClientPath } from "./request-guard";
import type { Route } from "./route";
import { routeTable } from "./route-table";

/** The services that the frame itself needs; it passes all services on to each route. */
interface Frame {
  /** `checkContract`: replies and error codes are checked against the endpoint, in development and in tests. */
  readonly environment: { readonly checkContract: boolean };
  readonly access: { readonly apiKeys: Pick<ApiKeys, "find" | "begin"> };
  readonly log: Pick<Log, "failure">;
}

/** `sender`: the address of the computer that asks. */
export type ApiHandler = (request: IncomingMessage, response: ServerResponse, sender: string) => Promise<void>;

/**
 * Answers what the guard let pass: finds the route, then input, work, and the error table.
 * It never rejects: an error that is not expected is logged and answered without its words.
 */
export function createApiHandler<App extends Frame>(routes: readonly Route<App>[], services: App): ApiHandler {
  const find = routeTable(routes);
  return async (request, response, sender) => {
    const { pathname, query } = targetOf(request);
    let endpoint: Endpoint | null = null;
    try {
      const found = find(pathname);
      if (found === null) throw new RequestError("NOT_FOUND", `There is no ${request.method} ${pathname}.`);
      const route = found.methods.get(request.method === "HEAD" ? "GET" : (request.method ?? ""));
      if (route === undefined) return refuseMethod(request, response, pathname, found.methods);
      ({ endpoint } = route);
      const keyId = beginWithKey(endpoint, request, services.access.apiKeys);
      const caller = { keyId, name: keyId ?? sender };
      const signal = leavingSignal(response);
      const call = { params: found.params, query, request, signal, caller, services };
      const reply = await route.answer(call);
      if (services.environment.checkContract) requireReply(endpoint, reply);
      if (reply instanceof EventStream) await reply.sendTo(response, signal);
      else await send(response, reply);
    } catch (error) {
      const code = errorCodeOf(error);
      const where = `${request.method} ${pathname}`;
      if (code === "INTERNAL") services.log.failure(where, error);
      else if (endpoint && !isDeclared(endpoint, code))
        services.log.failure(where, new Error(`It does not declare ${code}.`));
      const { status, body, retryAfterSeconds } = errorAnswer(error);
      sendError(request, response, status, body, retryAfterSeconds);
    }
  };
}

/** A slash at the end means the same path. */
function targetOf({ url = "/" }: IncomingMessage): { pathname: string; query: URLSearchParams } {
  const [path = "/", query] = url.split("?", 2);
  return { pathname: path.replace(/(?<=.)\/$/, ""), query: new URLSearchParams(query) };
}

function leavingSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** Requests with an API key are counted by it. @throws RequestError RATE_LIMITED */
function beginWithKey(
  { method, path }: Endpoint,
  request: IncomingMessage,
  keys: Frame["access"]["apiKeys"],
): string | null {
  const given = isClientPath(path) ? givenKey({ header: name => headerOf(request, name) }) : null;
  const found = given === null ? null : keys.find(given);
  if (found === null || found === "unknown") return null;
  if (method === "POST") keys.begin(found.id);
  return found.id;
}

const isDeclared = ({ errors = [] }: Endpoint, code: ErrorCode): boolean =>
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

async function send(response: ServerResponse, reply: unknown): Promise<void> {
  if (!(reply instanceof Response)) return sendJson(response, 200, reply);
  response.writeHead(reply.status, Object.fromEntries(reply.headers));
  if (reply.body === null || response.req.method === "HEAD") {
    await reply.body?.cancel();
    response.end();
    return;
  }
  // A client that leaves in the middle is no failure.
  await pipeline(Readable.fromWeb(reply.body as NodeReadableStream), response).catch(() => response.destroy());
}

function refuseMethod(
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
  methods: ReadonlyMap<string, unknown>,
): void {
  const allowed = [...methods.keys()].join(", ");
  response.setHeader("allow", allowed);
  const message = `${pathname} takes ${allowed}, not ${request.method}.`;
  sendError(request, response, 405, { code: "INVALID_INPUT", message });
}
