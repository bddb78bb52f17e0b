import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, vi } from "vitest";
import { services } from "@/lib/server/compose/services";
import type { FakeScript } from "@/lib/server/testing/fake-engine";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine-entry";
import { serveRoutes } from "./route-server";

/**
 * Serves the app's routes to all tests of a file, from an empty home folder and with an engine that plays this script.
 *
 * @param env more environment variables. They are read when the tests begin, so that an earlier `beforeAll` may name a server's address.
 */
export function serveHome(script: FakeScript, env: () => Readonly<Record<string, string>> = () => ({})) {
  const home = mkdtempSync(join(tmpdir(), "headroom-served-"));
  let served: Awaited<ReturnType<typeof serveRoutes>>;

  beforeAll(async () => {
    const variables = { HEADROOM_HOME: home, HEADROOM_ENGINE_ENTRY: fakeEngineEntry(script), ...env() };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    served = await serveRoutes();
  });
  afterAll(async () => {
    await served.close();
    await services().shutdown();
    rmSync(home, { recursive: true, force: true });
  });

  return {
    get url() {
      return served.url;
    },
    /** The official client, which asks once. */
    openai: (apiKey = "none") => new OpenAI({ baseURL: `${served.url}/v1`, apiKey, maxRetries: 0 }),
  };
}
