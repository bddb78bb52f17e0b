import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, vi } from "vitest";
import { buildServices, type Services } from "@/lib/server/compose/services";
import { createApiHandler } from "@/lib/server/http/api-handler";
import { createHttpServer, type HttpServer } from "@/lib/server/http/http-server";
import { readEnvironment } from "@/lib/server/system/environment";
import type { FakeScript } from "@/lib/server/testing/fake-engine/fake-engine";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine/fake-engine-entry";
import { allRoutes } from "../all-routes";

/**
 * Serves all routes to the tests of a file as users get them, from an empty home folder and with an engine that plays this script. There
 * are no pages.
 *
 * @param env more environment variables. They are read when the tests begin, so that an earlier `beforeAll` may name a server's address.
 */
export function serveHome(script: FakeScript, env: () => Readonly<Record<string, string>> = () => ({})) {
  const home = mkdtempSync(join(tmpdir(), "headroom-served-"));
  let http: HttpServer;
  let services: Services;
  let url: string;

  beforeAll(async () => {
    const variables = { HEADROOM_HOME: home, HEADROOM_ENGINE_ENTRY: fakeEngineEntry(script), ...env() };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const allowedHosts: string[] = [];
    services = buildServices({ ...readEnvironment(process.env), allowedHosts });
    http = createHttpServer({
      policy: services.access,
      handleApi: createApiHandler(allRoutes, services),
      handlePage: async (_request, response) => void response.writeHead(404).end(),
      onError: error => console.error(error),
    });
    const { port } = await http.listen(0, "127.0.0.1");
    allowedHosts.push(`127.0.0.1:${port}`);
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await http.close();
    await services.shutdown();
  });

  return {
    get url() {
      return url;
    },
    get services() {
      return services;
    },
    /** The official client, which asks once. */
    openai: (apiKey = "none") => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }),
  };
}
