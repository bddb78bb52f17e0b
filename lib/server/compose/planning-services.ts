import { availableParallelism, cpus, homedir } from "node:os";
import { join } from "node:path";
import { availableRam } from "@/lib/plan/placement/plan-ram";
import type { BesideModel } from "@/lib/schema/plans/gpu-memory";
import { CUDA_DEVICE_ORDER } from "@/lib/server/engine/engine-environment";
import { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { amdCard } from "@/lib/server/gpu/amd-card";
import { readMachineFacts } from "@/lib/server/gpu/gpu-absence";
import { GpuProbe } from "@/lib/server/gpu/gpu-probe";
import type { ProgramMemory } from "@/lib/server/gpu/held-memory";
import { intelCards } from "@/lib/server/gpu/intel-card";
import { KernelReader } from "@/lib/server/gpu/kernel-reader";
import { NvidiaSmi } from "@/lib/server/gpu/nvidia-smi";
import { readBuildChoice } from "@/lib/server/llama-build/llama-build";
import { DraftHolder } from "@/lib/server/loading/draft-holder";
import { ReceiptStore } from "@/lib/server/loading/receipt-store";
import { SpeculationMeter } from "@/lib/server/loading/speculation-meter";
import { ThreadTuner } from "@/lib/server/loading/thread-tuner";
import { KnownProfiles } from "@/lib/server/models/hub/known-profiles";
import { RemoteHeaderStore } from "@/lib/server/models/hub/remote-header-store";
import { RemoteModels } from "@/lib/server/models/hub/remote-models";
import { AddedFiles } from "@/lib/server/models/library/added-files";
import { HEADERS_FOLDER } from "@/lib/server/models/library/find-model-files";
import { ModelFiles } from "@/lib/server/models/library/model-files";
import { ModelFolders } from "@/lib/server/models/library/model-folders";
import { ProgramModels } from "@/lib/server/models/programs/program-models";
import { ModelHashes } from "@/lib/server/models/verify/model-hashes";
import { DeviceMemo } from "@/lib/server/planning/device-memo";
import { MachineSpeedMeter, vectorsOf } from "@/lib/server/planning/machine-speed";
import { MemoryGuard } from "@/lib/server/planning/memory-guard";
import { Planner } from "@/lib/server/planning/planner";
import { rememberedEngine } from "@/lib/server/planning/remembered-engine";
import { SpareDryRunEngine } from "@/lib/server/planning/spare-dry-run-engine";
import { SurfaceCache } from "@/lib/server/planning/surface-cache";
import { SettingsStore } from "@/lib/server/settings/settings-store";
import type { Environment } from "@/lib/server/system/environment";
import type { LogWriter } from "@/lib/server/system/log";
import { readMemory } from "@/lib/server/system/read-memory";
import project from "@/package.json";

interface PlanningOptions {
  readonly onLog: LogWriter;
  /** Whether the owner of this computer chose this model file, in addition to the one in modelconf.json. */
  readonly isTrusted?: (path: string) => boolean;
  /** Whether to trust the device that was found last time, instead of starting an engine to look again. */
  readonly mayRemember?: boolean;
  /** How long llama.cpp may be asked about a new model: for a command line that answers once. */
  readonly surfaceBudgetMs?: number;
  /** A program that runs our model in place of the engine. */
  readonly program?: () => ProgramMemory | null;
  /** Whether that program is chosen, or is planned for: it keeps experts in RAM by itself where our engine cannot. */
  readonly programPlaces?: () => boolean;
  /** What is loaded beside the model, where that is not our own draft model. The same list as long as it is the same. */
  readonly beside?: () => readonly BesideModel[];
  /** The same in system memory. */
  readonly besideInRam?: () => readonly BesideModel[];
}

/** Everything needed for a plan, without serving: what the server and `npm run plan` have in common. */
export function planningServices(
  environment: Environment,
  {
    onLog,
    isTrusted = () => false,
    mayRemember = false,
    surfaceBudgetMs,
    program = () => null,
    programPlaces = () => false,
    ...given
  }: PlanningOptions,
) {
  const { dataFolder } = environment;
  const ownBuild = readBuildChoice(dataFolder);
  const files = modelFiles(environment, isTrusted);
  const { models, remoteModels: remote } = files;
  const engineOptions = {
    entryPath: environment.enginePath,
    gpu: environment.gpu,
    ...(ownBuild !== null && { build: ownBuild.build }),
    env: process.env,
    onLog,
  };
  const engine = new EngineSupervisor(engineOptions);
  const spare = new EngineSupervisor(engineOptions);
  const embedder = new EngineSupervisor(engineOptions);
  const dryRuns = new SpareDryRunEngine({ main: engine, spare });
  const receipts = new ReceiptStore(join(dataFolder, "receipts.jsonl"));
  const processor = { processor: cpus()[0]?.model ?? process.arch, threads: availableParallelism() };
  const threads = new ThreadTuner(dataFolder, processor);
  const speculation = new SpeculationMeter(dataFolder, `${processor.processor} × ${processor.threads}`);
  const vectors = vectorsOf();
  const machineSpeed = new MachineSpeedMeter({
    path: join(dataFolder, "memory-speed.json"),
    ...processor,
    ...(vectors && { vectors }),
    receipts,
  });
  const engineVersion = `${project.dependencies["node-llama-cpp"]} ${ownBuild === null ? "prebuilt" : `built at ${ownBuild.builtAtMs}`}`;
  const memo = new DeviceMemo(join(dataFolder, "device.json"), `${engineVersion} ${environment.gpu}`, process.env);
  const beside = given.beside ?? (() => drafts.onCard);
  const besideInRam = given.besideInRam ?? (() => drafts.inRam);
  const readLoadableMemory = () => readMemory(engine.pid, besideInRam());
  const gpu = cardProbe({
    engine: mayRemember ? rememberedEngine(engine, memo) : engine,
    sparePid: () => spare.pid,
    program,
    programPlaces,
    beside,
    receipts,
    gpuChoice: environment.gpu,
    ramBytesPerSecond: () => machineSpeed.knownRamBytesPerSecond(),
    threads: processor.threads,
    loadableRamBytes: () => availableRam(readLoadableMemory()),
  });
  const autoThreads = (fileBytes: number) => threads.threadsFor(fileBytes);
  const drafts: DraftHolder = new DraftHolder({
    models,
    gpu,
    dryRuns,
    autoThreads,
    planFor: (settings, card) => planner.planFor(settings, card).then(({ plan }) => plan),
    uselessBecause: pair => speculation.uselessBecause(pair),
  });
  const memoryGuard = new MemoryGuard(readLoadableMemory);
  const planner = new Planner({
    memoryGuard,
    models,
    remote,
    engine,
    dryRuns,
    gpu,
    surfaces: new SurfaceCache(join(dataFolder, "surfaces"), onLog),
    engineVersion,
    autoThreads,
    programPlaces,
    ...(surfaceBudgetMs === undefined ? {} : { surfaceBudgetMs }),
    onLog,
  });
  return {
    ...files,
    engine,
    dryRuns,
    drafts,
    besideInRam,
    embedder,
    receipts,
    gpu,
    planner,
    memoryGuard,
    threads,
    speculation,
    memo,
    machineSpeed,
  };
}

type ProbeOptions = ConstructorParameters<typeof GpuProbe>[0];

/** Reads this computer's cards, in whichever way their vendors have, and in the order that the engine sees them. */
const cardProbe = (options: Omit<ProbeOptions, "readers" | "machine" | "visible" | "availableRamBytes">) =>
  new GpuProbe({
    ...options,
    readers: [
      new NvidiaSmi({ env: process.env }),
      new KernelReader({ vendor: "amd", root: "/", readCard: amdCard }),
      new KernelReader({ vendor: "intel", root: "/", readCard: intelCards() }),
    ],
    machine: readMachineFacts,
    visible: {
      cuda: process.env.CUDA_VISIBLE_DEVICES,
      cudaOrder: process.env.CUDA_DEVICE_ORDER ?? CUDA_DEVICE_ORDER,
      hip: process.env.HIP_VISIBLE_DEVICES,
      rocr: process.env.ROCR_VISIBLE_DEVICES,
      vulkan: process.env.GGML_VK_VISIBLE_DEVICES,
    },
    availableRamBytes: () => readMemory().availableBytes,
  });

/** The model files here and at the hub, and the settings, which say which of them is used. */
function modelFiles(
  { homeFolder, modelsFolder, dataFolder, hubEndpoint, hubToken }: Environment,
  isTrusted: (path: string) => boolean,
) {
  const settings = new SettingsStore({ folder: homeFolder });
  const folders = new ModelFolders({ modelsFolder, savedPath: join(dataFolder, "model-folders.json") });
  const addedFiles = new AddedFiles(join(dataFolder, "added-files.json"));
  const models = new ModelFiles({
    modelsFolder,
    addedFolders: () => folders.added(),
    addedFiles: () => addedFiles.list(),
    isTrusted: path => settings.read().MODEL === path || isTrusted(path),
  });
  const computer = { platform: process.platform, home: homedir(), env: process.env };
  return {
    settings,
    folders,
    addedFiles,
    models,
    programModels: new ProgramModels({ computer, models, added: addedFiles }),
    remoteModels: new RemoteModels({
      store: new RemoteHeaderStore(join(dataFolder, HEADERS_FOLDER)),
      profiles: new KnownProfiles({ folder: join(dataFolder, "hub-profiles"), version: project.version }),
      endpoint: hubEndpoint,
      token: hubToken,
    }),
    hashes: new ModelHashes(join(dataFolder, "model-hashes.json")),
  };
}
