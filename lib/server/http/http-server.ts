import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { errorTable } from "@/lib/server/system/error-table";
import { MIB } from "@/lib/units/bytes";
import type { ApiHandler } from "./api-handler";
import { answerCrossOrigin } from "./cross-origin";
import { headerOf } from "./incoming";
import { errorShape, sendError } from "./outgoing";
import {
  type AccessPolicy,
  BODY_LIMIT_BYTES,
  type GuardedRequest,
  guardRequest,
  isApiPath,
  type Refusal,
} from "./request-guard";
import { answerLogin } from "./token-login";

const HEADER_LIMIT_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** Time for the whole body to arrive; 8 MiB in 60 s is slower than any link this is used over. */
const REQUEST_TIMEOUT_MS = 60_000;
const TIMEOUT_CHECK_MS = 2_000;
/**
 * A connection that nobody uses stays open longer than clients and proxies keep theirs (nginx 60 s, aiohttp 15 s). Closed sooner, it can
 * end just when they send the next request on it, which they report as a broken connection.
 */
const KEEP_ALIVE_MS = 65_000;
/** Open connections are cheap, and a refused one looks like a broken server. Simultaneous work is what costs. */
const MAX_CONNECTIONS = 2_048;
const MAX_REQUESTS_AT_ONCE = 256;
/** At a shutdown, streams may take this long to end before their sockets are closed. */
const CLOSE_GRACE_MS = 1_500;

/** For every response that is not a page. Pages get their own policy with a nonce from proxy.ts; without it no script runs. */
const BASE_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const securityHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy": BASE_POLICY,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
};

export type PageHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface HttpServerOptions {
  readonly policy: AccessPolicy;
  /** Answers the paths of the API: see `isApiPath`. */
  readonly handleApi: ApiHandler;
  /** Answers all other paths. */
  readonly handlePage: PageHandler;
  /** For development's hot reload. Absent in production, where nothing may upgrade. */
  readonly handleUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly onError: (error: unknown, request: IncomingMessage) => void;
}

export interface HttpServer {
  readonly server: Server;
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Stops accepting, lets answers end for a moment, then closes what is left. */
  close(): Promise<void>;
}

/** Whether a proxy that the user named sent this. An IPv4 address can come in the notation of IPv6. */
const isFromProxy = ({ socket }: IncomingMessage, { trustedProxies = [] }: AccessPolicy): boolean =>
  trustedProxies.includes((socket.remoteAddress ?? "").replace(/^::ffff:/, ""));

/** What the browser's own request said. Anybody can write these headers, so they count from a named proxy alone. */
function forwarded(request: IncomingMessage, name: "host" | "proto" | "for", policy: AccessPolicy): string | null {
  return isFromProxy(request, policy) ? headerOf(request, `x-forwarded-${name}`) : null;
}

function hostsOf(request: IncomingMessage, policy: AccessPolicy): string[] {
  const named = forwarded(request, "host", policy);
  return named === null ? sentHosts(request) : [named];
}

/** The address of the computer that asks. Each proxy adds the one that it sees: only the last was written by the named one. */
const senderOf = (request: IncomingMessage, policy: AccessPolicy): string =>
  forwarded(request, "for", policy)?.split(",").at(-1)?.trim() || (request.socket.remoteAddress ?? "unknown");

/** Node keeps the first of two Host headers; the guard has to see both. */
const sentHosts = (request: IncomingMessage): string[] =>
  request.rawHeaders.filter((_, index, raw) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === "host");

const guardedRequest = (request: IncomingMessage, policy: AccessPolicy): GuardedRequest => ({
  method: request.method ?? "",
  target: request.url ?? "",
  hosts: hostsOf(request, policy),
  header: name => headerOf(request, name),
});

function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  if (isApiPath(request.url ?? "")) response.setHeader("Cache-Control", "no-store");
}

/** A body of unknown length is counted by the route as it reads it; nothing else reads bodies. */
function refuseSize(request: IncomingMessage): Refusal | null {
  if (Number(request.headers["content-length"] ?? 0) <= BODY_LIMIT_BYTES) return null;
  return { status: 413, code: "TOO_LARGE", message: `The body is larger than ${BODY_LIMIT_BYTES / MIB} MiB.` };
}

const tooMany: Refusal = {
  status: errorTable.QUEUE_FULL.status,
  code: "QUEUE_FULL",
  message: `${MAX_REQUESTS_AT_ONCE} requests are being answered already: try again in a moment.`,
};

/** For sockets that have no response object: broken requests, upgrades, CONNECT. */
function refuseSocket(socket: Duplex, status: number, code: Refusal["code"], message: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(errorShape("", status, { code, message }));
  const headers = {
    ...securityHeaders,
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head.join("")}\r\n${body}`);
}

/** The error for a request that Node's parser could not read. */
const clientErrorStatus: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function refuseBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET") socket.destroy();
  else refuseSocket(socket, clientErrorStatus[error.code ?? ""] ?? 400, "INVALID_INPUT", "This is no valid request.");
}

/**
 * The one entrance of Headroom: a plain HTTP server in front of the API and of Next, which makes the pages. It enforces every rule that
 * must hold for every request, including those for assets and broken requests.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  let requestsAtOnce = 0;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    setSecurityHeaders(request, response);
    const guarded = guardedRequest(request, options.policy);
    if (answerCrossOrigin(guarded, response, options.policy)) return;
    const refusal =
      guardRequest(guarded, options.policy) ??
      refuseSize(request) ??
      (requestsAtOnce >= MAX_REQUESTS_AT_ONCE ? tooMany : null);
    if (refusal === null) return void handle(request, response);
    const { status, ...body } = refusal;
    if (!answerLogin(request, response, refusal, loginOf(request))) sendError(request, response, status, body);
  }

  /** A cookie that came over TLS must never leave without it. */
  const loginOf = (request: IncomingMessage) => ({
    token: options.policy.token,
    isSecure: forwarded(request, "proto", options.policy) === "https",
  });

  function handle(request: IncomingMessage, response: ServerResponse): void {
    requestsAtOnce += 1;
    response.once("close", () => {
      requestsAtOnce -= 1;
    });
    const answering = isApiPath(request.url ?? "")
      ? options.handleApi(request, response, senderOf(request, options.policy))
      : options.handlePage(request, response);
    answering.catch((error: unknown) => {
      options.onError(error, request);
      sendError(request, response, 500, { code: "INTERNAL", message: "This page could not be made." });
    });
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refusal = guardRequest(guardedRequest(request, options.policy), options.policy);
    if (refusal) refuseSocket(socket, refusal.status, refusal.code, refusal.message);
    else if (options.handleUpgrade) options.handleUpgrade(request, socket, head);
    else refuseSocket(socket, 400, "INVALID_INPUT", "Headroom speaks plain HTTP only.");
  }

  const server = createServer(
    {
      maxHeaderSize: HEADER_LIMIT_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The guard answers a missing Host itself, with the same refusal as a wrong one.
      requireHostHeader: false,
      noDelay: true,
    },
    answer,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("upgrade", upgrade);
  server.on("connect", (_request, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    refuseSocket(socket, 400, "INVALID_INPUT", "Headroom is no proxy.");
  });
  server.on("clientError", refuseBrokenRequest);

  return {
    server,
    listen: (port, host) => listen(server, port, host),
    close: () => close(server),
  };
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Connections that come while the process is busy wait for it. Beyond Node's 511 Linux lets them try again a second later, Windows refuses them.
    server.listen({ port, host, exclusive: true, backlog: MAX_CONNECTIONS }, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("The server listens on no TCP port."));
      else resolve(address);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(grace);
      resolve();
    });
    server.closeIdleConnections();
  });
}
