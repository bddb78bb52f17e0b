import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createApiHandler } from "@/lib/server/http/api-handler";
import { createHttpServer, type HttpServer, type PageHandler } from "@/lib/server/http/http-server";
import { lockDataFolder } from "@/lib/server/http/instance-lock";
import type { Route } from "@/lib/server/http/route";
import { rememberDevice } from "@/lib/server/planning/remembered-engine";
import { type Environment, readEnvironment } from "@/lib/server/system/environment";
import { StartError } from "@/lib/server/system/start-error";
import { listenProblem } from "./listen-problem";
import { buildServices, type Services } from "./services";

/** After Ctrl+C, answers and the engine get at most this long to end. */
const SHUTDOWN_LIMIT_MS = 4_500;

interface Pages {
  readonly handle: PageHandler;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

async function preparePages(dev: boolean, { projectRoot, host, port }: Environment): Promise<Pages> {
  const { default: next } = await import("next");
  // Next listens for upgrades on the server it is given. This one has no port: a request reaches it only through our guard.
  const upgrades = createServer();
  const app = next({ dev, dir: projectRoot, hostname: host, port, httpServer: upgrades });
  await app.prepare();
  return {
    handle: app.getRequestHandler(),
    upgrade: (request, socket, head) => upgrades.emit("upgrade", request, socket, head),
  };
}

async function listen(http: HttpServer, environment: Environment): Promise<void> {
  try {
    await http.listen(environment.port, environment.host);
  } catch (cause) {
    throw new StartError(listenProblem(cause, environment), { cause });
  }
}

/** The last two come from Windows, for a closed console and Ctrl+Break. Elsewhere a server goes on when its terminal closes. */
const END_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"] : ["SIGTERM", "SIGINT"];

/** The first signal shuts down in order. A second signal, or answers that do not end, end the process at once. */
function shutDownOnSignals(http: HttpServer, app: Services, unlock: () => void): void {
  let isClosing = false;
  const shutDown = (): void => {
    if (isClosing) process.exit(1);
    isClosing = true;
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    void Promise.allSettled([app.shutdown(), http.close()]).then(() => {
      unlock();
      process.exit(0);
    });
  };
  for (const signal of END_SIGNALS) process.on(signal, shutDown);
  // Ctrl+C in a console of Windows reaches us and our starter, which then closes the channel: that is no second request to end.
  process.once("disconnect", () => {
    if (!isClosing) shutDown();
  });
  if (hasStarter && !process.connected) shutDown();
}

/** This channel closes when the process that started us ends, for whatever reason: see scripts/end-with-starter.mjs. */
const hasStarter = process.connected === true;

const urlOf = ({ host, port }: Environment): string => `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

interface WebServerOptions {
  /** Next rebuilds the pages when their sources change. Routes and services stay as they were bundled. */
  readonly dev: boolean;
  readonly routes: readonly Route<Services>[];
}

/**
 * Starts everything: the services, the HTTP server with the API, and Next, which makes the pages.
 *
 * @throws StartError for what the user can fix: environment, port, data folder
 */
export async function startWebServer({ dev, routes }: WebServerOptions): Promise<void> {
  // React and Next choose their builds by this when they are first imported.
  Object.assign(process.env, {
    NODE_ENV: dev ? "development" : "production",
    NEXT_TELEMETRY_DISABLED: "1",
  });
  const app = buildServices(readEnvironment(process.env));
  const { environment, log } = app;
  const unlock = lockDataFolder(environment.dataFolder);
  let prepared: Promise<Pages> | undefined;
  const pages = (): Promise<Pages> => {
    prepared ??= preparePages(dev, environment);
    return prepared;
  };
  const http = createHttpServer({
    policy: app.access,
    handleApi: createApiHandler(routes, app),
    handlePage: async (request, response) => (await pages()).handle(request, response),
    ...(dev && {
      handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        void pages().then(ready => ready.upgrade(request, socket, head)),
    }),
    onError: (error, request) => log.failure(`${request.method} ${request.url}`, error),
  });
  await listen(http, environment);
  shutDownOnSignals(http, app, unlock);
  // The chosen model loads while the pages are prepared and the person opens the browser. The page shows any error.
  app.host
    .ensureLoaded()
    .catch(() => {})
    .finally(() => rememberDevice(app.engine, app.memo));
  app.downloads.continueEarlier().catch(error => log.failure("Earlier downloads cannot go on", error));
  await pages();
  console.log(`Headroom is at ${urlOf(environment)}`);
}
