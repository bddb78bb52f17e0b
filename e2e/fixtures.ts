import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "@playwright/test";
import { keepMemorySpeed } from "@/lib/server/testing/keep-memory-speed";

/** One running Headroom with its own home folder. */
export interface RunningServer {
  readonly url: string;
  readonly home: string;
  readonly pid: number;
  /** Process id of the engine child, or null while there is none. */
  enginePid(): number | null;
  /** Kills the web server with this signal and waits until it is gone; the home folder stays. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts again on the same port and home. */
  restart(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 8_000;
const ICD_FOLDER = "/usr/share/vulkan/icd.d";

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

async function waitUntilHealthy(url: string, server: ChildProcess, output: () => string): Promise<void> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadlineMs) {
    if (server.exitCode !== null)
      throw new Error(`The server ended with ${server.exitCode} before it answered:\n${output()}`);
    const healthy = await fetch(`${url}/api/health`).then(
      // 401: the server is up and asks for its token.
      response => response.ok || response.status === 401,
      () => false,
    );
    if (healthy) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`The server did not answer within ${START_LIMIT_MS} ms:\n${output()}`);
}

const childrenOf = (pid: number): number[] => {
  try {
    return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
  } catch {
    return []; // ps exits with 1 when there is no child
  }
};

const isEngine = (pid: number): boolean =>
  execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).includes("engine.mjs");

type Env = Readonly<Record<string, string>>;

/** Environment of a server that has no model: it need not load one, which takes a core for a second. */
export const noModelEnv = (): Env => ({ HEADROOM_MODELS_DIR: mkdtempSync(join(tmpdir(), "headroom-e2e-no-model-")) });

type StartedServer = RunningServer & { stop(): Promise<void> };

/**
 * Figures on the screen are those of one conversation, whatever would fit beside it, and nothing is measured in a quiet moment. Threads
 * wait for each other by spinning (free-cores.ts), and other tests use the other core.
 */
const ONE_ANSWER = { PARALLEL: 1, SPECULATION: "off", THREADS: 1 };
const settingsPath = (home: string): string => join(home, "modelconf.json");

/**
 * How much memory each configuration of a model takes, as a server finds out. Another one would find the same, and would use a core for
 * one to three seconds. It is kept with all it depends on (surface-cache.ts), so that none is taken for another's.
 */
const SURFACES = "surfaces";
const findings = mkdtempSync(join(tmpdir(), "headroom-e2e-findings-"));
const dataFolder = (home: string): string => join(home, "data");

/** Without the files that are being written. */
function copyFindings(from: string, to: string): void {
  const filter = (path: string) => path.endsWith(SURFACES) || path.endsWith(".json");
  if (existsSync(join(from, SURFACES))) cpSync(join(from, SURFACES), join(to, SURFACES), { recursive: true, filter });
}

const runningHomes = new Set<string>();

function lendFindings(home: string): void {
  for (const running of runningHomes) copyFindings(dataFolder(running), findings);
  // The proposed models depend on the speed of memory. While other tests use memory too, the computer can seem too slow for three of them.
  keepMemorySpeed(dataFolder(home));
  copyFindings(findings, dataFolder(home));
  runningHomes.add(home);
}

/** Starts dist/server.mjs as `npm start` does, on a free port, and waits until it is healthy. */
async function startServer(env: Env = {}, settings?: object): Promise<StartedServer> {
  const home = mkdtempSync(join(tmpdir(), "headroom-e2e-"));
  writeFileSync(settingsPath(home), JSON.stringify({ ...ONE_ANSWER, ...settings }));
  lendFindings(home);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let output = "";
  let server: ChildProcess;

  const start = async () => {
    server = spawn(process.execPath, ["dist/server.mjs"], {
      env: {
        ...process.env,
        NODE_ENV: "production",
        PORT: String(port),
        HEADROOM_HOME: home,
        HEADROOM_GPU: "off",
        HEADROOM_CHECK_CONTRACT: "1",
        ...env,
      },
      // This channel ends the server together with the process that runs the specs, however that one ends.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [server.stdout, server.stderr])
      stream?.on("data", chunk => (output = (output + chunk).slice(-20_000)));
    await waitUntilHealthy(url, server, () => output);
  };
  const kill = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(signal);
    const timer = setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT_MS);
    await gone;
    clearTimeout(timer);
  };

  await start();
  return {
    url,
    home,
    get pid() {
      return server.pid ?? -1;
    },
    enginePid: () => childrenOf(server.pid ?? -1).find(isEngine) ?? null,
    kill,
    restart: start,
    stop: async () => {
      await kill("SIGTERM");
      copyFindings(dataFolder(home), findings);
      runningHomes.delete(home);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Mesa's software Vulkan device (engine.md): without it, specs that need layers on a GPU are skipped and say so. */
export const hasSoftwareGpu = (): boolean =>
  existsSync(ICD_FOLDER) && readdirSync(ICD_FOLDER).some(name => name.startsWith("lvp_icd"));

/** Environment of a server that plans for the software GPU. */
export const softwareGpuEnv = { HEADROOM_GPU: "vulkan", GGML_VK_VISIBLE_DEVICES: "0" };

/** All settings get the values that a server starts with, except these, and what is loaded follows them. */
async function changeSettings({ url, home }: RunningServer, settings: object = {}): Promise<void> {
  const text = JSON.stringify({ ...ONE_ANSWER, ...settings });
  if (existsSync(settingsPath(home)) && readFileSync(settingsPath(home), "utf8") === text) return;
  writeFileSync(settingsPath(home), text);
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/api/settings`, { method: "PATCH", headers, body: "{}" });
  if (!response.ok) throw new Error(`The settings could not be changed: ${await response.text()}`);
}

/** The servers that the specs of one file share, by their environment. */
class SharedServers {
  readonly #servers = new Map<string, StartedServer>();
  #file = "";

  async take(file: string, env: Env, settings?: object): Promise<StartedServer> {
    if (file !== this.#file) await this.stop();
    this.#file = file;
    const key = JSON.stringify(env);
    const server = this.#servers.get(key) ?? (await startServer(env, settings));
    this.#servers.set(key, server);
    return server;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) await server.stop();
    this.#servers.clear();
  }
}

interface WorkerFixtures {
  /** For all specs of a worker, on the CPU. Leave its settings as they are. */
  readonly server: RunningServer;
  readonly sharedServers: SharedServers;
}

interface TestFixtures {
  /**
   * The cheap way to a server with other settings or another environment: without an environment it is `server`, with one it is
   * shared by the specs of the file that name the same. It has the settings that a server starts with, except those named here;
   * chats stay.
   */
  readonly sharedServer: (env?: Env, settings?: object) => Promise<RunningServer>;
  /** Starts one for this spec alone, which takes seconds: for a spec that kills it, or needs that nothing was loaded or answered before. */
  readonly ownServer: (env?: Env, settings?: object) => Promise<RunningServer>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern
    async ({}, use) => {
      const server = await startServer();
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  sharedServers: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern
    async ({}, use) => {
      const servers = new SharedServers();
      await use(servers);
      await servers.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  sharedServer: async ({ server, sharedServers }, use, { file }) => {
    const taken = new Set<RunningServer>();
    await use(async (env, settings) => {
      const shared = env === undefined ? server : await sharedServers.take(file, env, settings);
      taken.add(shared);
      await changeSettings(shared, settings);
      return shared;
    });
    for (const shared of taken) await changeSettings(shared);
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern
  ownServer: async ({}, use) => {
    const started: StartedServer[] = [];
    await use(async (env, settings) => {
      const server = await startServer(env, settings);
      started.push(server);
      return server;
    });
    for (const server of started) await server.stop();
  },
});

export { expect } from "@playwright/test";
