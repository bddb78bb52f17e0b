import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { withBeside } from "@/lib/plan/cards/with-beside";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import type { EngineCommand } from "@/lib/schema/engine-commands";
import type { GpuMemory, GpuReport } from "@/lib/schema/plans/gpu-memory";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { gpuReport } from "@/lib/schema/testing/gpu-report";
import { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { DraftHolder } from "@/lib/server/loading/draft-holder";
import { LastLoaded } from "@/lib/server/loading/last-loaded";
import { ModelHost, type ModelHostOptions } from "@/lib/server/loading/model-host";
import { ModelLoader } from "@/lib/server/loading/model-loader";
import { ReceiptStore } from "@/lib/server/loading/receipt-store";
import type { DraftPair } from "@/lib/server/loading/speculation-meter";
import { KnownProfiles } from "@/lib/server/models/hub/known-profiles";
import { RemoteHeaderStore } from "@/lib/server/models/hub/remote-header-store";
import { RemoteModels } from "@/lib/server/models/hub/remote-models";
import { ModelFiles } from "@/lib/server/models/library/model-files";
import { MachineSpeedMeter } from "@/lib/server/planning/machine-speed";
import { MemoryGuard } from "@/lib/server/planning/memory-guard";
import { Planner } from "@/lib/server/planning/planner";
import { SpareDryRunEngine } from "@/lib/server/planning/spare-dry-run-engine";
import { SurfaceCache } from "@/lib/server/planning/surface-cache";
import { GIB, MIB } from "@/lib/units/bytes";
import type { FakeScript } from "./fake-engine/fake-engine";
import { fakeFork } from "./fake-engine/fake-engine-process";
import { ManualTimers } from "./manual-timers";

/** 8 blocks, so 9 layers with the output. */
export const SMALL_MODEL = "small.gguf";

/** A new folder with one small model of real structure and sparse zeros for weights. */
export function makeHome(shapeId = "small-llama-2"): string {
  const home = mkdtempSync(join(tmpdir(), "headroom-host-"));
  mkdirSync(join(home, "models"));
  const { header, fileBytes } = shapeFile(modelShape(shapeId));
  writeFileSync(join(home, "models", SMALL_MODEL), header);
  truncateSync(join(home, "models", SMALL_MODEL), fileBytes);
  return home;
}

/** What the engine finds: the header's closed form, and a compute buffer of 20 MiB for any number of layers. */
export function truthOf(shapeId: string): MemorySurface {
  const { header, fileBytes } = shapeFile(modelShape(shapeId));
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind === "need") throw new Error("the header is not whole");
  const { N_BATCH: batchTokens, FLASH_ATTENTION: flashAttention } = defaultSettings;
  const surface = headerSurface(parsed.profile, { batchTokens, sequences: 1, flashAttention });
  const flat = [{ gpuLayers: 0, points: [{ contextTokens: 256, gpuBytes: 20 * MIB, ramBytes: 20 * MIB }] }];
  return { ...surface, compute: ofEachElementType(() => flat) };
}

export const smallTruth = (): MemorySurface => truthOf("small-llama-2");

export const card: GpuMemory = {
  name: "Fake GPU",
  backend: "vulkan",
  kind: "dedicated",
  totalBytes: 2 * GIB,
  usedByOthersBytes: 0,
  heldByEngineBytes: 0,
  freeBytes: 2 * GIB,
  overhead: { bytes: 0, source: "learned", samples: 1, spreadBytes: 0 },
  source: "engine",
};

export const reportOf = (memory: GpuMemory | null): GpuReport =>
  gpuReport({ memory, readAtMs: Number.MAX_SAFE_INTEGER });

/** Nothing listens there. */
const NO_HUB = "http://127.0.0.1:9";

interface RigOptions {
  readonly home?: string;
  readonly script?: FakeScript;
  /** Commands of the child for dry runs, beside the one that people chat with. */
  readonly spareScript?: FakeScript;
  readonly settings?: Partial<Settings>;
  /** The server that `hf:` means. */
  readonly hub?: string;
  readonly availableRamBytes?: number;
  /** What the guard finds before a load. */
  readonly loadableRamBytes?: number;
  readonly host?: Pick<ModelHostOptions, "speculationOf" | "kvFolderOf">;
  readonly uselessBecause?: (pair: DraftPair) => string | null;
  readonly makeRoom?: () => Promise<void>;
  readonly programPlaces?: () => boolean;
}

/** Everything from settings to a loaded model, over a scripted engine in the test's own time. */
export function makeHostRig(options: RigOptions = {}) {
  const {
    home = makeHome(),
    script = {},
    spareScript = script,
    settings = {},
    hub = NO_HUB,
    availableRamBytes = 8 * GIB,
    loadableRamBytes = 8 * GIB,
    host: hostOptions = {},
    uselessBecause = () => null,
    makeRoom = async () => {},
    programPlaces = () => false,
  } = options;
  const autoThreads = () => 2;
  const timers = new ManualTimers();
  const { fork, processes } = fakeFork({ backend: "vulkan", truth: smallTruth(), ...script }, timers);
  const log: string[] = [];
  const onLog = (level: string, text: string) => log.push(`${level}: ${text}`);
  const engineOptions = { entryPath: "engine.mjs", gpu: "auto", env: {}, onLog, timers } as const;
  const engine = new EngineSupervisor({ ...engineOptions, fork });
  const spareFork = fakeFork({ backend: "vulkan", truth: smallTruth(), ...spareScript }, timers);
  const dryRuns = new SpareDryRunEngine({
    main: engine,
    spare: new EngineSupervisor({ ...engineOptions, fork: spareFork.fork }),
    timers,
  });
  const gpu = {
    memory: card as GpuMemory | null,
    read: async (): Promise<GpuReport> => reportOf(gpu.memory && withBeside(gpu.memory, drafts.onCard)),
  };
  const models = new ModelFiles({ modelsFolder: join(home, "models") });
  const receipts = new ReceiptStore(join(home, "data", "receipts.jsonl"));
  const surfaces = new SurfaceCache(join(home, "data", "surfaces"), onLog);
  const remote = new RemoteModels({
    store: new RemoteHeaderStore(join(home, "remote")),
    profiles: new KnownProfiles({ folder: join(home, "profiles"), version: "1" }),
    endpoint: hub,
    token: null,
  });
  const drafts: DraftHolder = new DraftHolder({
    models,
    gpu,
    dryRuns,
    planFor: (settings, memory) => planner.planFor(settings, memory).then(({ plan }) => plan),
    uselessBecause,
    autoThreads,
  });
  const memoryGuard = new MemoryGuard(() => ({ totalBytes: 16 * GIB, availableBytes: loadableRamBytes }));
  const planner = new Planner({
    memoryGuard,
    models,
    remote,
    engine,
    dryRuns,
    gpu,
    surfaces,
    engineVersion: "1",
    autoThreads,
    programPlaces,
    onLog,
  });
  const machineSpeed = new MachineSpeedMeter({
    path: join(home, "data", "memory-speed.json"),
    processor: "Fake processor",
    threads: 2,
    receipts,
    measure: async () => 40e9,
  });
  const loader = new ModelLoader({
    engine,
    makeRoom,
    drafts,
    planner,
    models,
    gpu,
    receipts,
    machineSpeed,
    timers,
    availableRamBytes: () => availableRamBytes,
    onLog,
  });
  const lastLoaded = new LastLoaded(join(home, "data", "last-loaded.json"));
  const current = { settings: { ...defaultSettings, MODEL: SMALL_MODEL, N_CTX: 1024, PARALLEL: 1, ...settings } };
  const readSettings = () => current.settings;
  const host = new ModelHost({ ...hostOptions, engine, drafts, planner, loader, lastLoaded, readSettings, onLog });
  /** Changes settings as PATCH does. */
  const patch = (change: Partial<Settings>) => {
    current.settings = { ...current.settings, ...change };
    return host.apply(current.settings);
  };
  /**
   * Lets the test's time run until the promise has settled. Files take real time as well: a real pause at each step keeps the
   * test's minute from passing while a file is written.
   */
  const done = async <Result>(promise: Promise<Result>): Promise<Result> => {
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    while (!settled) {
      await timers.advance(20);
      await setTimeout(1);
    }
    return promise;
  };
  /** The configurations that any child was told to load, in order. */
  const loads = () =>
    processes.flatMap(({ engine: { received } }) =>
      received.flatMap(command => (command.type === "load" ? [command.config] : [])),
    );
  const countOf = (type: EngineCommand["type"]): number =>
    [...processes, ...spareFork.processes].flatMap(({ engine: { received } }) =>
      received.filter(command => command.type === type),
    ).length;
  return {
    home,
    timers,
    processes,
    spareProcesses: spareFork.processes,
    log,
    engine,
    gpu,
    models,
    receipts,
    machineSpeed,
    planner,
    memoryGuard,
    loader,
    host,
    current,
    patch,
    done,
    loads,
    countOf,
  };
}
