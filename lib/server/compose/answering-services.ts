import { join } from "node:path";
import type { GenerationStats } from "@/lib/schema/generation";
import { BenchmarkStore } from "@/lib/server/benchmark/benchmark-store";
import { OffloadBenchmark } from "@/lib/server/benchmark/offload-benchmark";
import { ChatRuns } from "@/lib/server/chat/chat-runs";
import { ChatStores } from "@/lib/server/chat/chat-stores";
import { ModelComparison } from "@/lib/server/comparison/model-comparison";
import { OtherEngines } from "@/lib/server/engine/other/other-engines";
import { AnswerCounter } from "@/lib/server/loading/answer-counter";
import { ChosenLlamaServer } from "@/lib/server/loading/chosen-llama-server";
import { EmbeddingHost } from "@/lib/server/loading/embedding-host";
import { findBeside } from "@/lib/server/loading/find-beside";
import { KeptKvFolder } from "@/lib/server/loading/kept-kv-folder";
import { LastLoaded } from "@/lib/server/loading/last-loaded";
import { measureSpeculationWhenIdle } from "@/lib/server/loading/measure-speculation-when-idle";
import { ModelHost } from "@/lib/server/loading/model-host";
import { ModelLoader } from "@/lib/server/loading/model-loader";
import { tuneThreadsWhenIdle } from "@/lib/server/loading/tune-threads-when-idle";
import type { Environment } from "@/lib/server/system/environment";
import type { LogWriter } from "@/lib/server/system/log";
import type { planningServices } from "./planning-services";

/** Right guesses, as a share of an answer's tokens, that change its speed by less than the noise. */
const SPED_UP_SHARE = 0.05;

interface AnsweringOptions {
  readonly onLog: LogWriter;
  readonly onFailure: (what: string, error: unknown) => void;
}

/** Loads models by their plans and answers with them: the engine's host, engines elsewhere, the chats, and what measures answers. */
export function answeringServices(
  { dataFolder, gpu }: Environment,
  core: ReturnType<typeof planningServices>,
  { onLog, onFailure }: AnsweringOptions,
) {
  const { settings, models, engine, planner, receipts, threads, speculation } = core;
  const readSettings = () => settings.read();
  const embeddings: EmbeddingHost = new EmbeddingHost({
    engine: core.embedder,
    models,
    settings,
    unloadChatModel: notice => host.unloadOwn(notice),
  });
  const loader = new ModelLoader({ ...core, makeRoom: () => embeddings.makeRoom(), onLog });
  const answers = new AnswerCounter();
  const onAnswered = (stats: GenerationStats, isOwn: boolean) => {
    answers.note(stats);
    // The receipts are of loads that this process made, and predict speeds without speculation.
    const isSpedUp = (stats.draft?.right ?? 0) > stats.generatedTokens * SPED_UP_SHARE;
    if (isOwn && !isSpedUp) receipts.noteAnswer(stats).catch(error => onFailure("receipt", error));
  };
  const otherEngines = new OtherEngines({ path: join(dataFolder, "engines.json"), env: process.env });
  const llamaServer = new ChosenLlamaServer(otherEngines, {
    planner,
    findBeside: wanted => findBeside(wanted, models, async () => (await core.gpu.read()).memory !== null),
    freeOwnEngine: () => engine.unload(),
    readSettings,
    env: process.env,
    gpu,
    onLog,
  });
  const chats = new ChatStores(join(dataFolder, "chats.sqlite"));
  const keptKv = new KeptKvFolder({
    folder: join(dataFolder, "kv"),
    isOn: () => readSettings().KEEP_KV,
    isKept: chatId => chats.kept.find(chatId) !== null,
  });
  for (const source of [chats, settings]) source.subscribe(() => void keptKv.sweep());
  void keptKv.sweep();
  const host: ModelHost = new ModelHost({
    drafts: core.drafts,
    engine,
    planner,
    loader,
    lastLoaded: new LastLoaded(join(dataFolder, "last-loaded.json")),
    readSettings,
    speculationOf: config => speculation.choice(readSettings().SPECULATION, config),
    kvFolderOf: chatId => keptKv.of(chatId),
    answeringElsewhere: () => llamaServer.answering ?? otherEngines.answering,
    onAnswered,
    onLog,
  });
  const store = new BenchmarkStore(dataFolder);
  const tuning = [
    tuneThreadsWhenIdle({ engine, host, tuner: threads, isAuto: () => readSettings().THREADS === "auto", onLog }),
    measureSpeculationWhenIdle({
      engine,
      host,
      meter: speculation,
      isAuto: () => readSettings().SPECULATION === "auto",
      onLog,
    }),
  ];
  return {
    answers,
    otherEngines,
    llamaServer,
    host,
    chats,
    keptKv,
    runs: new ChatRuns({ chats, engine: host, settings, onFailure }),
    embeddings,
    benchmark: new OffloadBenchmark({ planner, loader, engine, host, store, readSettings }),
    comparison: new ModelComparison({ ...core, loader, host, onAnswered: stats => onAnswered(stats, true) }),
    stopTuning: () => {
      for (const stop of tuning) stop();
    },
  };
}
