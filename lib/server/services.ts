import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import project from "@/package.json";
import type { ChatEngine } from "./chat-engine";
import { ChatRuns } from "./chat-runs";
import { ChatStores } from "./chat-stores";
import { EngineSupervisor } from "./engine-supervisor";
import { type Environment, readEnvironment } from "./environment";
import { readMachineFacts } from "./gpu-absence";
import { GpuProbe } from "./gpu-probe";
import { LastLoaded } from "./last-loaded";
import { LiveSampler } from "./live-sampler";
import { Log } from "./log";
import { ModelFiles } from "./model-files";
import { ModelHost } from "./model-host";
import { ModelLoader } from "./model-loader";
import { NvidiaSmi } from "./nvidia-smi";
import { Planner } from "./planner";
import { ReceiptStore } from "./receipt-store";
import { SettingsStore } from "./settings-store";
import { SurfaceCache } from "./surface-cache";
import { ThreadTuner } from "./thread-tuner";

/** Everything stateful of the server, once. */
export interface Services {
  readonly environment: Environment;
  readonly log: Log;
  readonly settings: SettingsStore;
  readonly models: ModelFiles;
  readonly engine: EngineSupervisor;
  readonly gpu: GpuProbe;
  readonly planner: Planner;
  readonly receipts: ReceiptStore;
  readonly threads: ThreadTuner;
  readonly host: ModelHost;
  readonly sampler: LiveSampler;
  readonly chats: ChatStores;
  readonly runs: ChatRuns;
  /** Saves what is being written, ends the engine and closes the stores. */
  shutdown(): Promise<void>;
}

/**
 * The server's bundle and each of Next's route bundles hold their own copy of this module, and development reloads
 * them: module variables would start an engine for each copy.
 */
const KEY = Symbol.for("headroom.services");
const holder: typeof globalThis & { [KEY]?: Services } = globalThis;

/**
 * @throws StartError when the environment is unusable
 */
export function services(): Services {
  holder[KEY] ??= build(readEnvironment(process.env));
  return holder[KEY];
}

function build(environment: Environment): Services {
  const core = buildPlanning(environment);
  const { log, settings, models, engine, gpu, planner, receipts, threads } = core;
  const loader = new ModelLoader({ ...core, onLog: log.writer });
  const lastLoaded = new LastLoaded(join(environment.dataFolder, "last-loaded.json"));
  const readSettings = () => settings.read();
  const host = new ModelHost({ engine, planner, loader, lastLoaded, readSettings, onLog: log.writer });
  const chats = new ChatStores({ filePath: join(environment.dataFolder, "chats.sqlite") });
  const onFailure = (what: string, error: unknown) => log.failure(what, error);
  const runs = new ChatRuns({ chats, engine: chatEngine(host, engine), settings, onFailure });
  const changes = [
    ["settings", settings],
    ["surface", planner],
    ["receipts", receipts],
    ["chats", chats],
  ] as const;
  const sampler = new LiveSampler({ gpu, engine, settings, log, changes, onFailure });

  const shutdown = async (): Promise<void> => {
    sampler.close();
    await runs.shutdown();
    gpu.close();
    await engine.shutdown();
    chats.close();
  };
  return {
    environment,
    log,
    settings,
    models,
    engine,
    gpu,
    planner,
    receipts,
    host,
    sampler,
    chats,
    runs,
    threads,
    shutdown,
  };
}

/** What `npm run plan` needs as well: everything up to a plan, nothing that serves. */
export function buildPlanning(environment: Environment) {
  const { dataFolder, modelsFolder, engineBuild } = environment;
  const log = new Log(environment.logLevel);
  const settings = new SettingsStore({ folder: environment.homeFolder });
  const models = new ModelFiles({ modelsFolder, isTrusted: path => settings.read().MODEL === path });
  const engine = new EngineSupervisor({
    entryPath: environment.enginePath,
    gpu: environment.gpu,
    build: engineBuild,
    env: process.env,
    onLog: log.writer,
  });
  const receipts = new ReceiptStore(join(dataFolder, "receipts.jsonl"));
  const threads = new ThreadTuner(dataFolder, {
    processor: cpus()[0]?.model ?? process.arch,
    threads: availableParallelism(),
  });
  const gpu = new GpuProbe({
    engine,
    nvidia: new NvidiaSmi({ env: process.env }),
    receipts,
    gpuChoice: environment.gpu,
    machine: readMachineFacts,
    visibleDevices: process.env.CUDA_VISIBLE_DEVICES,
  });
  const planner = new Planner({
    models,
    engine,
    gpu,
    surfaces: new SurfaceCache(join(dataFolder, "surfaces"), log.writer),
    engineVersion: `${project.dependencies["node-llama-cpp"]} ${engineBuild}`,
    autoThreads: fileBytes => threads.threadsFor(fileBytes),
    onLog: log.writer,
  });
  return { log, settings, models, engine, receipts, gpu, planner, threads };
}

const chatEngine = (host: ModelHost, engine: EngineSupervisor): ChatEngine => ({
  ensureLoaded: signal => host.ensureLoaded(signal),
  generate: (request, signal) => host.generate(request, signal),
  count: turns => host.count(turns),
  snapshot: () => engine.snapshot(),
});
