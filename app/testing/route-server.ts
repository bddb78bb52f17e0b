import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { services } from "@/lib/server/compose/services";
import { createHttpServer } from "@/lib/server/http/http-server";

type Handler = (request: Request, context: { params: Promise<Record<string, string | string[]>> }) => Promise<Response>;

const appFolder = join(import.meta.dirname, "..");

function toRequest(request: IncomingMessage, response: ServerResponse): Request {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  return new Request(`http://${request.headers.host}${request.url}`, {
    method: request.method ?? "GET",
    headers,
    signal: gone.signal,
    ...(hasBody && { body: Readable.toWeb(request) as ReadableStream, duplex: "half" }),
  });
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!answer.body) return void response.end();
  const body = Readable.fromWeb(answer.body as NodeReadableStream);
  response.once("close", () => body.destroy());
  body.on("error", () => response.destroy()).pipe(response);
}

/** Of the routes with a name in their path, only the one that clients of the API use is served, and the one that answers for all others. */
function routeOf(pathname: string): { folder: string; params: Record<string, string | string[]> } {
  const id = /^\/v1\/models\/(.+)$/.exec(pathname)?.[1];
  if (id !== undefined) return { folder: "v1/models/[...id]", params: { id: id.split("/") } };
  if (existsSync(join(appFolder, pathname, "route.ts"))) return { folder: pathname, params: {} };
  return { folder: "v1/[[...path]]", params: { path: pathname.split("/").slice(2) } };
}

/** The app's API routes behind the real HTTP server on their own port, without Next. */
export async function serveRoutes(): Promise<{ url: string; close(): Promise<void> }> {
  const policy = { allowedHosts: [] as string[], token: null };
  const http = createHttpServer({
    policy,
    handlePage: async (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://host");
      const { folder, params } = routeOf(pathname);
      const module: Record<string, Handler> = await import(join(appFolder, folder, "route.ts"));
      const handler = module[request.method ?? ""];
      if (!handler) return void response.writeHead(405).end();
      await send(await handler(toRequest(request, response), { params: Promise.resolve(params) }), response);
    },
    onError: error => console.error(error),
  });
  const { port } = await http.listen(0, "127.0.0.1");
  policy.allowedHosts.push(`127.0.0.1:${port}`);
  // The routes' own guard takes the port from the environment; the system chose this one.
  Object.assign(services().environment, { allowedHosts: policy.allowedHosts });
  return { url: `http://127.0.0.1:${port}`, close: () => http.close() };
}
