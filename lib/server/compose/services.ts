import { join } from "node:path";
import { ApiKeys } from "@/lib/server/access/api-keys";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { KeptStreams } from "@/lib/server/http/kept-streams";
import { LiveSampler } from "@/lib/server/http/live-sampler";
import type { AccessPolicy } from "@/lib/server/http/request-guard";
import type { Environment } from "@/lib/server/system/environment";
import { subscribeToAll } from "@/lib/server/system/listeners";
import { Log } from "@/lib/server/system/log";
import { systemTimers } from "@/lib/server/system/timers";
import { answeringServices } from "./answering-services";
import { libraryServices } from "./library-services";
import { planningServices } from "./planning-services";

/** Everything stateful in the server; each part exists once. */
export type Services = Readonly<ReturnType<typeof buildServices>>;

/** Builds all services. Nothing runs yet: the engine starts with the first load, or when a draft model is to be counted. */
export function buildServices(environment: Environment) {
  const log = new Log(environment.logLevel);
  const onLog = log.writer;
  const onFailure = (what: string, error: unknown) => log.failure(what, error);
  const core = planningServices(environment, {
    onLog,
    program: () => answering.llamaServer.answering?.memory ?? null,
    programPlaces: () => answering.llamaServer.answering !== null,
    beside: () => answering.llamaServer.answering?.beside ?? core.drafts.onCard,
    besideInRam: () => answering.llamaServer.answering?.besideInRam ?? core.drafts.inRam,
  });
  const answering = answeringServices(environment, core, { onLog, onFailure });
  const library = libraryServices(environment, core, { onFailure });
  const { settings, engine, gpu, embedder, dryRuns } = core;
  const { folderWatch, downloads, uploads, verifier } = library;
  const { chats, runs, embeddings, otherEngines, llamaServer, benchmark, comparison } = answering;
  // A load of these settings says what is wrong with their draft model.
  const holdDraft = () => void core.drafts.hold(settings.read()).catch(() => {});
  settings.subscribe(holdDraft);
  holdDraft();
  const sampler = new LiveSampler({
    gpu,
    engine: shownEngine(engine, answering),
    settings,
    log,
    downloads,
    embeddings,
    besideInRam: core.besideInRam,
    changes: [
      ["settings", settings],
      ["surface", core.planner],
      ["receipts", core.receipts],
      ["chats", chats],
      ["models", downloads.placed],
      ["models", folderWatch],
      ["engines", otherEngines.saved],
    ],
    onFailure,
  });
  const apiKeys = new ApiKeys({
    path: join(environment.dataFolder, "api-keys.json"),
    timers: systemTimers,
    onFailure,
  });
  const access: AccessPolicy & { readonly apiKeys: ApiKeys } = {
    get allowedHosts() {
      return environment.allowedHosts;
    },
    get allowedOrigins() {
      return settings.read().ALLOWED_ORIGINS;
    },
    token: environment.token,
    trustedProxies: environment.trustedProxies,
    apiKeys,
  };
  const keptStreams = new KeptStreams(systemTimers);
  /** Saves unfinished writes, ends the engine and closes the stores. */
  const shutdown = async (): Promise<void> => {
    answering.stopTuning();
    benchmark.cancel();
    comparison.stop();
    sampler.close();
    keptStreams.close();
    await Promise.all([runs.shutdown(), downloads.shutdown(), uploads.shutdown(), verifier.shutdown()]);
    gpu.close();
    await Promise.all([engine.shutdown(), llamaServer.shutdown(), dryRuns.end(), embedder.shutdown()]);
    // The engine has just written what was unsaved, perhaps of a chat that was deleted since.
    await answering.keptKv.sweep();
    chats.close();
    apiKeys.shutdown();
  };
  return { ...core, ...answering, ...library, environment, log, access, sampler, keptStreams, shutdown };
}

/** What the pages see of the engine: the one that answers, and its own memory. */
const shownEngine = (
  engine: EngineSupervisor,
  { host, otherEngines, llamaServer }: ReturnType<typeof answeringServices>,
) => ({
  subscribe: (listener: () => void) => subscribeToAll([engine, otherEngines, llamaServer], listener),
  snapshot: () => host.snapshot(),
  get pid() {
    return llamaServer.answering?.pid ?? engine.pid;
  },
});
