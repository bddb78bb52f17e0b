import type { IncomingMessage } from "node:http";
import type * as z from "zod";
import type { Endpoint, ParsedPart } from "@/lib/schema/endpoint";
import type { EventStream } from "./event-stream";
import { headerOf } from "./incoming";
import { parseInput } from "./parse-input";
import { readJson } from "./read-json";

/** Who sends a request. */
export interface Caller {
  /** The API key that the request came with; null for none. */
  readonly keyId: string | null;
  /** Callers take turns in the queue by this name: their key, or the address of their computer. */
  readonly name: string;
}

/** One request of an endpoint, before its input is parsed. */
export interface Call<App> {
  readonly params: Readonly<Record<string, string | string[]>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  readonly caller: Caller;
  readonly services: App;
}

interface RouteInput<App, E extends Endpoint> extends Pick<Call<App>, "signal" | "caller" | "services"> {
  /** The client's own name for the conversation: it wants to come back to the answer. */
  readonly conversationId: string | null;
  readonly params: ParsedPart<E, "params">;
  readonly query: ParsedPart<E, "query">;
  readonly body: ParsedPart<E, "body">;
  /** The body of an endpoint that takes bytes. A route that stops reading early leaves the connection open. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The reply's value; for an answer that is not JSON, its events or the whole Response. */
type HandlerReply<E extends Endpoint> = E["reply"] extends z.core.$ZodType
  ? z.input<E["reply"]>
  : Response | EventStream;

/** The work behind an endpoint, once its input is valid. */
type Handle<App, E extends Endpoint> = (input: RouteInput<App, E>) => HandlerReply<E> | Promise<HandlerReply<E>>;

/** An endpoint with its work. `createApiHandler` serves it. */
export interface Route<App> {
  readonly endpoint: Endpoint;
  /** @throws RequestError INVALID_INPUT or TOO_LARGE for the input, and what the work throws */
  answer(call: Call<App>): Promise<unknown>;
}

/** `route` for these services: the only way to build a route. */
export const routeOver =
  <App>() =>
  <E extends Endpoint>(endpoint: E, handle: Handle<App, E>): Route<App> => ({
    endpoint,
    answer: async call => handle(await inputOf(endpoint, call)),
  });

async function inputOf<App, E extends Endpoint>(
  { params, query, body }: E,
  { request, signal, caller, services, ...given }: Call<App>,
): Promise<RouteInput<App, E>> {
  return {
    params: (params && parseInput(params, given.params)) as ParsedPart<E, "params">,
    query: (query && parseInput(query, Object.fromEntries(given.query))) as ParsedPart<E, "query">,
    body: (body && parseInput(body, await readJson(request))) as ParsedPart<E, "body">,
    bytes: request.iterator({ destroyOnReturn: false }),
    conversationId: headerOf(request, "x-conversation-id"),
    signal,
    caller,
    services,
  };
}
