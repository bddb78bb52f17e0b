import { join } from "node:path";
import type { GenerationStats } from "@/lib/schema/generation";
import { ApiKeys } from "@/lib/server/access/api-keys";
import { BenchmarkStore } from "@/lib/server/benchmark/benchmark-store";
import { OffloadBenchmark } from "@/lib/server/benchmark/offload-benchmark";
import { ChatRuns } from "@/lib/server/chat/chat-runs";
import { ChatStores } from "@/lib/server/chat/chat-stores";
import { ModelComparison } from "@/lib/server/comparison/model-comparison";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { OtherEngines } from "@/lib/server/engine/other/other-engines";
import type { GpuProbe } from "@/lib/server/gpu/gpu-probe";
import { LiveSampler } from "@/lib/server/http/live-sampler";
import type { AccessPolicy } from "@/lib/server/http/request-guard";
import { AnswerCounter } from "@/lib/server/loading/answer-counter";
import { ChosenLlamaServer } from "@/lib/server/loading/chosen-llama-server";
import { EmbeddingHost } from "@/lib/server/loading/embedding-host";
import { LastLoaded } from "@/lib/server/loading/last-loaded";
import { ModelHost } from "@/lib/server/loading/model-host";
import { ModelLoader } from "@/lib/server/loading/model-loader";
import type { ReceiptStore } from "@/lib/server/loading/receipt-store";
import type { ThreadTuner } from "@/lib/server/loading/thread-tuner";
import { tuneThreadsWhenIdle } from "@/lib/server/loading/tune-threads-when-idle";
import { Downloads } from "@/lib/server/models/downloads/downloads";
import type { RemoteModels } from "@/lib/server/models/hub/remote-models";
import type { AddedFiles } from "@/lib/server/models/library/added-files";
import { FolderWatch } from "@/lib/server/models/library/folder-watch";
import { LibraryChanges } from "@/lib/server/models/library/library-changes";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { ModelFolders } from "@/lib/server/models/library/model-folders";
import { ModelHeaders } from "@/lib/server/models/library/model-headers";
import type { ProgramModels } from "@/lib/server/models/programs/program-models";
import { Uploads } from "@/lib/server/models/uploads/uploads";
import type { ModelHashes } from "@/lib/server/models/verify/model-hashes";
import { ModelVerifier } from "@/lib/server/models/verify/model-verifier";
import type { DeviceMemo } from "@/lib/server/planning/device-memo";
import type { MachineSpeedMeter } from "@/lib/server/planning/machine-speed";
import type { Planner } from "@/lib/server/planning/planner";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { type Environment, readEnvironment } from "@/lib/server/system/environment";
import { Log } from "@/lib/server/system/log";
import { systemTimers } from "@/lib/server/system/timers";
import { planningServices } from "./planning-services";

/** Everything stateful in the server; each part exists once. */
export interface Services {
  readonly environment: Environment;
  readonly log: Log;
  readonly access: AccessPolicy & { readonly apiKeys: ApiKeys };
  readonly settings: SettingsStore;
  readonly models: ModelFiles;
  readonly folders: ModelFolders;
  readonly library: LibraryChanges;
  readonly addedFiles: AddedFiles;
  readonly programModels: ProgramModels;
  readonly remoteModels: RemoteModels;
  readonly downloads: Downloads;
  readonly uploads: Uploads;
  readonly headers: ModelHeaders;
  readonly hashes: ModelHashes;
  readonly verifier: ModelVerifier;
  readonly engine: EngineSupervisor;
  readonly gpu: GpuProbe;
  readonly planner: Planner;
  readonly receipts: ReceiptStore;
  readonly threads: ThreadTuner;
  readonly memo: DeviceMemo;
  readonly machineSpeed: MachineSpeedMeter;
  readonly host: ModelHost;
  readonly answers: AnswerCounter;
  readonly embeddings: EmbeddingHost;
  readonly otherEngines: OtherEngines;
  readonly sampler: LiveSampler;
  readonly chats: ChatStores;
  readonly runs: ChatRuns;
  readonly benchmark: OffloadBenchmark;
  readonly comparison: ModelComparison;
  /** Saves unfinished writes, ends the engine and closes the stores. */
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
  const log = new Log(environment.logLevel);
  const onLog = log.writer;
  const core = planningServices(environment, { onLog, program: () => llamaServer.answering?.memory ?? null });
  const { settings, models, folders, addedFiles, engine, gpu, planner, receipts, threads, memo, machineSpeed, hashes } =
    core;
  const loader = new ModelLoader({ ...core, onLog });
  const lastLoaded = new LastLoaded(join(environment.dataFolder, "last-loaded.json"));
  const readSettings = () => settings.read();
  const answers = new AnswerCounter();
  const onAnswered = (stats: GenerationStats, isOwn: boolean) => {
    answers.note(stats);
    // The receipts are of loads that this process made.
    if (isOwn) receipts.noteAnswer(stats).catch(error => log.failure("receipt", error));
  };
  const otherEngines = new OtherEngines({ path: join(environment.dataFolder, "engines.json"), env: process.env });
  const llamaServer = new ChosenLlamaServer(otherEngines, {
    planner,
    freeOwnEngine: () => engine.unload(),
    readSettings,
    env: process.env,
    gpu: environment.gpu,
    onLog,
  });
  const answeringElsewhere = () => llamaServer.answering ?? otherEngines.answering;
  const host = new ModelHost({
    engine,
    planner,
    loader,
    lastLoaded,
    readSettings,
    answeringElsewhere,
    onAnswered,
    onLog,
  });
  const chats = new ChatStores({ filePath: join(environment.dataFolder, "chats.sqlite") });
  const onFailure = (what: string, error: unknown) => log.failure(what, error);
  const runs = new ChatRuns({ chats, engine: host, settings, onFailure });
  const apiKeys = new ApiKeys({
    path: join(environment.dataFolder, "api-keys.json"),
    timers: systemTimers,
    onFailure,
  });
  const downloads = new Downloads({
    modelsFolder: environment.modelsFolder,
    limitPath: join(environment.dataFolder, "download-limit.json"),
    endpoint: environment.hubEndpoint,
    token: environment.hubToken,
    isAnswering: () => engine.snapshot().state === "generating",
    onChecked: (name, sha256s, from) => hashes.publish(name, { source: "download", sha256s, from }),
    onFailure,
  });
  const verifier = new ModelVerifier({ models, remote: core.remoteModels, hashes });
  const uploads = new Uploads({ modelsFolder: environment.modelsFolder });
  const library = new LibraryChanges(models);
  const folderWatch = new FolderWatch({
    folders: () => models.folders(),
    files: () => addedFiles.list().map(({ path }) => path),
    placesChanged: listener => {
      const ends = [folders.subscribe(listener), addedFiles.subscribe(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
  });
  const changes = [
    ["settings", settings],
    ["surface", planner],
    ["receipts", receipts],
    ["chats", chats],
    ["models", downloads.placed],
    ["models", folderWatch],
    ["engines", otherEngines.saved],
  ] as const;
  const shown = shownEngine(host, engine, otherEngines, llamaServer);
  const embeddings = new EmbeddingHost({ engine: core.embedder, models, settings });
  const sampler = new LiveSampler({ gpu, engine: shown, settings, log, downloads, embeddings, changes, onFailure });

  const benchmarkStore = new BenchmarkStore(environment.dataFolder);
  const benchmark = new OffloadBenchmark({ planner, loader, engine, host, store: benchmarkStore, readSettings });
  const comparison = new ModelComparison({ ...core, loader, host, onAnswered: stats => onAnswered(stats, true) });
  const stopTuning = tuneThreadsWhenIdle({
    engine,
    host,
    tuner: threads,
    isAuto: () => settings.read().THREADS === "auto",
    onLog,
  });

  const shutdown = async (): Promise<void> => {
    stopTuning();
    benchmark.cancel();
    comparison.stop();
    sampler.close();
    await Promise.all([runs.shutdown(), downloads.shutdown(), uploads.shutdown(), verifier.shutdown()]);
    gpu.close();
    await Promise.all([engine.shutdown(), llamaServer.shutdown(), core.dryRuns.end(), core.embedder.shutdown()]);
    chats.close();
    apiKeys.shutdown();
  };
  return {
    environment,
    log,
    access: {
      get allowedHosts() {
        return environment.allowedHosts;
      },
      get allowedOrigins() {
        return settings.read().ALLOWED_ORIGINS;
      },
      token: environment.token,
      trustedProxies: environment.trustedProxies,
      apiKeys,
    },
    settings,
    models,
    folders,
    library,
    addedFiles,
    programModels: core.programModels,
    remoteModels: core.remoteModels,
    downloads,
    uploads,
    headers: new ModelHeaders(),
    hashes,
    verifier,
    engine,
    gpu,
    planner,
    receipts,
    host,
    answers,
    embeddings,
    otherEngines,
    sampler,
    chats,
    runs,
    threads,
    memo,
    machineSpeed,
    benchmark,
    comparison,
    shutdown,
  };
}

/** What the pages see of the engine: the one that answers, and its own memory. */
const shownEngine = (
  host: ModelHost,
  engine: EngineSupervisor,
  otherEngines: OtherEngines,
  llamaServer: ChosenLlamaServer,
) => ({
  subscribe: (listener: () => void) => {
    const ends = [engine, otherEngines, llamaServer].map(source => source.subscribe(listener));
    return () => {
      for (const end of ends) end();
    };
  },
  snapshot: () => host.snapshot(),
  get pid() {
    return llamaServer.answering?.pid ?? engine.pid;
  },
});
