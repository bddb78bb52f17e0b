import { isDeepStrictEqual } from "node:util";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import { calibrateEstimate } from "@/lib/plan/calibrate-estimate";
import { confirmedPlacements } from "@/lib/plan/fit-needs";
import { headerSurface, type SurfaceRun } from "@/lib/plan/header-surface";
import type { LayerPlan } from "@/lib/plan/layer-plan";
import { loadConfigOf } from "@/lib/plan/load-config-of";
import { type Placement, samePlacement, withExpertsInLayers } from "@/lib/plan/memory-need";
import { type DryRunBuffers, mendSurface } from "@/lib/plan/mend-surface";
import { nextToConfirm, type ShownPlacement, shownToConfirm } from "@/lib/plan/next-to-confirm";
import { placementInWords } from "@/lib/plan/placement-words";
import { planLayers } from "@/lib/plan/plan-layers";
import { kvTypeRefusal } from "@/lib/plan/usable-kv-types";
import { errorReason } from "@/lib/schema/error-reason";
import type { GpuMemory, GpuReport } from "@/lib/schema/gpu-memory";
import type { LoadConfig } from "@/lib/schema/load-config";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { isRemoteSource } from "@/lib/schema/model-source";
import type { Settings } from "@/lib/schema/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { RemoteModels } from "@/lib/server/models/hub/remote-models";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import { Listeners } from "@/lib/server/system/listeners";
import type { LogWriter } from "@/lib/server/system/log";
import { formatMib } from "@/lib/units/bytes";
import type { MemoryGuard } from "./memory-guard";
import type { DryRunEngine, SpareDryRunEngine } from "./spare-dry-run-engine";
import { type SurfaceCache, type SurfaceKey, surfaceKeyText } from "./surface-cache";

/** Where the GPU's memory is read. */
export interface GpuSource {
  read(): Promise<GpuReport>;
}

export interface PlannerOptions {
  readonly models: Pick<ModelFiles, "resolveModel" | "readChatProfile" | "identify">;
  /** Models that are not on this computer: they can be planned, not loaded. */
  readonly remote: Pick<RemoteModels, "headerPath" | "keptHeaderPath">;
  readonly engine: DryRunEngine;
  /** For plans that are only shown: their dry runs must not end a loaded model. Left out if nothing else is served. */
  readonly dryRuns?: DryRunEngine & Pick<SpareDryRunEngine, "end">;
  readonly gpu: GpuSource;
  readonly surfaces: Pick<SurfaceCache, "read" | "write">;
  /** Version of the code that computes the buffers: another version may compute others. */
  readonly engineVersion: string;
  /** For a single quick answer: gives a coarser surface, which the next server refines. Without it the engine takes the time it needs. */
  readonly surfaceBudgetMs?: number;
  /** What THREADS "auto" means for a model of this size. */
  autoThreads(fileBytes: number): number;
  /** Refuses loads that system memory does not hold. Left out if nothing is loaded. */
  readonly memoryGuard?: Pick<MemoryGuard, "check">;
  readonly onLog: LogWriter;
}

export interface PlanOutcome {
  readonly modelPath: string;
  readonly surface: MemorySurface;
  /** The card that was planned for; null without one. */
  readonly gpu: GpuMemory | null;
  readonly plan: LayerPlan;
}

/** A plan whose configuration llama.cpp's own dry run has confirmed. */
export interface ConfirmedPlan extends PlanOutcome {
  readonly config: LoadConfig;
  readonly report: GpuReport;
}

/** The number of layers to ask a dry run about next; null: nothing more. */
type NextToConfirm = (outcome: PlanOutcome, confirmed: readonly Placement[]) => ShownPlacement | null;

interface KnownSurface {
  readonly key: SurfaceKey;
  readonly modelPath: string;
  surface: MemorySurface;
  /** Sampling in progress or finished; null when it may be tried. */
  sampling: Promise<void> | null;
  /** Names of dry runs that ended the engine. */
  readonly fatal: Set<string>;
  /** llama.cpp's own statement that it cannot load this file. */
  refusal: EngineError | null;
}

/** Surfaces of a big model have a few hundred kilobytes in memory. */
const MAX_KNOWN_SURFACES = 50;

const NO_DEVICE = "none";

/** One of a surface's many dry runs; which one is not known. */
const SAMPLING = "sampling";
const nameOfDryRun = (config: LoadConfig): string => {
  const { contextTokens, kvType, sequences } = config;
  const beside = sequences > 1 ? `, ${sequences} at once` : "";
  return `${placementInWords(config)}, ${contextTokens} tokens, ${kvType}${beside}`;
};

type SurfaceSettings = Pick<Settings, "N_BATCH" | "FLASH_ATTENTION" | "USE_MMAP" | "N_CTX" | "PARALLEL">;

/** Sequences of a surface's dry runs. With "auto" the layers are placed as for one, and what is left over goes to further ones. */
const sampledSequences = ({ PARALLEL }: Pick<Settings, "PARALLEL">): number => (PARALLEL === "auto" ? 1 : PARALLEL);

/** Answers with a plan at once, from what is known, and lets the engine complete that knowledge in the background. */
export class Planner {
  readonly #known = new Map<string, Promise<KnownSurface>>();
  /** A library is planned again with each change of the card or the settings, and its headers stay the same. */
  readonly #headerSurfaces = new WeakMap<ModelProfile, { readonly run: SurfaceRun; readonly surface: MemorySurface }>();
  readonly #listeners = new Listeners();

  constructor(private readonly options: PlannerOptions) {}

  /** Called whenever a surface has become exact. */
  readonly subscribe = this.#listeners.subscribe;

  /** What is known now about this model's memory: from the engine's dry runs if there are any, else from the header. */
  async surfaceFor(modelPath: string, settings: SurfaceSettings): Promise<MemorySurface> {
    const known = await this.#knownSurface(modelPath, settings, await this.options.gpu.read());
    return known.surface;
  }

  /** @param gpuOverride a card to plan for instead of the one in this computer; null: plan for none */
  async planFor(settings: Settings, gpuOverride?: GpuMemory | null): Promise<PlanOutcome> {
    const modelPath = await this.#headerOf(settings.MODEL);
    const report = await this.options.gpu.read();
    const { surface } = await this.#knownSurface(modelPath, settings, report);
    const gpu = gpuOverride === undefined ? report.memory : gpuOverride;
    return { modelPath, surface, gpu, plan: planLayers(surface, gpu, settings) };
  }

  /** Whether these settings may be loaded, before anything is saved or unloaded for them. @throws ShortMemoryError */
  async ensureMemoryFor(settings: Settings): Promise<void> {
    this.options.memoryGuard?.check(settings, await this.planFor(settings));
  }

  /** The same, but only from what is already known: dry runs of every file in a library would keep the engine busy for minutes. */
  async knownPlanFor(settings: Settings, report: GpuReport): Promise<PlanOutcome> {
    const modelPath = await this.#headerOf(settings.MODEL);
    const key = await this.#keyOf(modelPath, settings, report);
    const { surface, refusal } = await (this.#known.get(surfaceKeyText(key)) ?? this.#startSurface(modelPath, key));
    if (refusal !== null) throw refusal;
    return { modelPath, surface, gpu: report.memory, plan: planLayers(surface, report.memory, settings) };
  }

  /**
   * What `knownPlanFor` answers for a file on the hub, of which only the header is known: the plan that the file gets when it has been
   * downloaded.
   *
   * @param downloadName of the file in the library: dry runs of it, or of the hub's header, count where that has the same header
   * @throws EngineError when llama.cpp has refused that header
   */
  async planForHeader(
    profile: ModelProfile,
    settings: Settings,
    report: GpuReport,
    downloadName: string,
  ): Promise<Omit<PlanOutcome, "modelPath">> {
    const { N_BATCH, FLASH_ATTENTION } = settings;
    const run = { batchTokens: N_BATCH, sequences: sampledSequences(settings), flashAttention: FLASH_ATTENTION };
    const surface = (await this.#sampledOf(profile, settings, report, downloadName)) ?? headerSurface(profile, run);
    return { surface, gpu: report.memory, plan: planLayers(surface, report.memory, settings) };
  }

  /** null while no dry run of a file with this header was made. */
  async #sampledOf(profile: ModelProfile, settings: Settings, report: GpuReport, downloadName: string) {
    const { models, remote } = this.options;
    for (const copy of [models.resolveModel(downloadName), remote.keptHeaderPath(settings.MODEL)]) {
      const path = await copy.catch(() => null);
      const key = path === null ? null : await this.#keyOf(path, settings, report).catch(() => null);
      if (path === null || key === null) continue;
      const known = await (this.#known.get(surfaceKeyText(key)) ?? this.options.surfaces.read(key));
      const refusal = known !== null && "refusal" in known ? known.refusal : null;
      if (known === null || (known.surface.detail === undefined && refusal === null)) continue;
      if (!isDeepStrictEqual(await models.readChatProfile(path).catch(() => null), profile)) continue;
      if (refusal !== null) throw refusal;
      return known.surface;
    }
    return null;
  }

  /**
   * The same, but dry runs first confirm the plan and the need of one layer more, unless they were confirmed before. It waits as long as that
   * takes. Without a GPU the surface stays an estimate.
   *
   * @param signal ends it after the dry run in progress: nobody waits for the rest
   */
  async exactPlanFor(settings: Settings, gpuOverride?: GpuMemory | null, signal?: AbortSignal): Promise<PlanOutcome> {
    const modelPath = await this.#headerOf(settings.MODEL);
    const known = await this.#sampled(modelPath, settings);
    const gpu = gpuOverride === undefined ? (await this.options.gpu.read()).memory : gpuOverride;
    const plan = () => {
      const { surface } = known;
      return { modelPath, surface, gpu, plan: planLayers(surface, gpu, settings) };
    };
    const next: NextToConfirm = ({ surface }, confirmed) =>
      signal?.aborted ? null : (shownToConfirm(surface, gpu, settings, confirmed)[0] ?? null);
    return this.#confirmed(known, settings, { plan, next }).catch(error => {
      this.options.onLog("warn", `plan not confirmed: ${errorReason(error)}`);
      return plan();
    });
  }

  /**
   * The plan to load: made with the memory that is free now, and confirmed by one dry run of exactly its configuration. Larger plans that
   * might fit within the surface's possible error are confirmed too: no layer stays on the CPU because of an interpolation.
   */
  async confirmedPlanFor(settings: Settings, signal?: AbortSignal): Promise<ConfirmedPlan> {
    const modelPath = await this.options.models.resolveModel(settings.MODEL);
    const known = await this.#sampled(modelPath, settings);
    const refusal = kvTypeRefusal(known.surface, settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION);
    if (refusal !== null) throw new EngineError("INVALID_INPUT", refusal);
    await this.options.dryRuns?.end();
    const plan = async () => {
      // Read again each time: another program may have taken memory since.
      const report = await this.options.gpu.read();
      const { surface } = known;
      return { modelPath, surface, gpu: report.memory, plan: planLayers(surface, report.memory, settings), report };
    };
    let outcome = await this.#confirmed(known, settings, {
      engine: this.options.engine,
      plan,
      next: ({ gpu }, confirmed) => nextToConfirm(known.surface, gpu, settings, confirmed),
      ...(signal && { signal }),
    });
    // "auto" adds answers at once beside the confirmed layers. The dry run of the whole may say that one fewer fits.
    const tried = new Set([known.surface.sequences]);
    while (outcome.plan.gpuLayers > 0 && !tried.has(outcome.plan.sequences)) {
      tried.add(outcome.plan.sequences);
      await this.#confirm(known, this.configOf(outcome, settings), this.options.engine, signal);
      outcome = await plan();
    }
    if (tried.size > 1) this.#keepConfirmed(known);
    this.options.memoryGuard?.check(settings, outcome);
    const isConfirmed = confirmedPlacements(known.surface, settings.N_CTX, settings.KV_CACHE_QUANT).some(placement =>
      samePlacement(placement, outcome.plan),
    );
    const computeSource = isConfirmed
      ? "dry-run"
      : outcome.plan.gpuLayers > 0
        ? "estimated"
        : outcome.plan.computeSource;
    return { ...outcome, plan: { ...outcome.plan, computeSource }, config: this.configOf(outcome, settings) };
  }

  /** Plans, and plans again after each dry run, until nothing is left to confirm. */
  async #confirmed<Outcome extends PlanOutcome>(
    known: KnownSurface,
    settings: Settings,
    {
      plan,
      next,
      engine = this.#dryRuns,
      signal,
    }: { plan: () => Outcome | Promise<Outcome>; next: NextToConfirm; engine?: DryRunEngine; signal?: AbortSignal },
  ): Promise<Outcome> {
    const confirmed: Placement[] = [];
    for (;;) {
      const outcome = await plan();
      const placement = next(outcome, confirmed);
      if (placement === null) {
        if (confirmed.length > 0) this.#keepConfirmed(known);
        return outcome;
      }
      const config = this.#configWith(placement, outcome, settings);
      await this.#confirm(known, config, engine, signal);
      confirmed.push(placement);
      // Placements beside it would probably end the engine as well: the plan goes on with what is known.
      if (known.fatal.has(nameOfDryRun(config))) return plan();
    }
  }

  /** The configuration that loads this plan. */
  configOf({ plan, modelPath, surface }: PlanOutcome, settings: Settings): LoadConfig {
    const threads = settings.THREADS === "auto" ? this.options.autoThreads(surface.model.fileBytes) : settings.THREADS;
    return loadConfigOf(plan, { modelPath, threads, useMmap: settings.USE_MMAP });
  }

  #configWith(placement: ShownPlacement, outcome: PlanOutcome, settings: Settings): LoadConfig {
    const { gpuLayers, expertBlocksInRam = 0, borderExpertsOnGpu, tensorSplit, kvInRam } = placement;
    const { sequences = outcome.surface.sequences } = placement;
    const plan = {
      ...outcome.plan,
      gpuLayers,
      expertBlocksInRam,
      borderExpertsOnGpu,
      tensorSplit,
      kvInRam,
      sequences,
    };
    return this.configOf({ ...outcome, plan }, settings);
  }

  get #dryRuns(): DryRunEngine {
    return this.options.dryRuns ?? this.options.engine;
  }

  /**
   * Compares one configuration with llama.cpp's own figures, and corrects the surface where they differ. A dry run that ends the engine
   * gives no result and is never repeated: the plan goes on with what is known.
   */
  async #confirm(known: KnownSurface, config: LoadConfig, engine: DryRunEngine, signal?: AbortSignal): Promise<void> {
    if (known.fatal.has(SAMPLING) || known.fatal.has(nameOfDryRun(config))) return;
    let buffers: DryRunBuffers;
    try {
      buffers = await engine.dryRun(config, signal);
    } catch (error) {
      if (isUnplaceable(error)) {
        // The plan goes on with whole layers.
        known.surface = withExpertsInLayers(known.surface);
        return;
      }
      if (!isFatal(error)) throw error;
      return this.#rememberFatal(known, nameOfDryRun(config), error);
    }
    const { surface, mismatchBytes } = mendSurface(known.surface, config, buffers);
    if (mismatchBytes > 0) {
      const where = `${surface.model.name} at ${nameOfDryRun(config)}`;
      this.options.onLog("info", `memory surface was ${formatMib(mismatchBytes, 2)} off for ${where}; corrected`);
    }
    // Even if it was right: at a confirmed point the planner believes the dry run, in the browser as well.
    known.surface = surface;
  }

  /** Tells of the confirmed points, and writes them to disk once, after whoever waits for them has been answered: a disk can be slow. */
  #keepConfirmed(known: KnownSurface): void {
    this.#listeners.notify();
    if (known.surface.computeSource === "dry-run")
      setImmediate(() => void this.options.surfaces.write(known.key, keptOf(known)));
  }

  async #rememberFatal(known: KnownSurface, name: string, error: Error): Promise<void> {
    known.fatal.add(name);
    this.options.onLog("warn", `a dry run (${name}) ended the engine and is not made again: ${error.message}`);
    await this.options.surfaces.write(known.key, keptOf(known));
  }

  /** Path of a file with the model's header: the model itself if it is on this computer. */
  #headerOf(model: string): Promise<string> {
    const { models, remote } = this.options;
    return isRemoteSource(model) ? remote.headerPath(model) : models.resolveModel(model);
  }

  async #sampled(modelPath: string, settings: SurfaceSettings): Promise<KnownSurface> {
    const known = await this.#knownSurface(modelPath, settings, await this.options.gpu.read());
    await known.sampling;
    if (known.refusal !== null) throw known.refusal;
    return known;
  }

  async #keyOf(modelPath: string, settings: SurfaceSettings, { memory }: GpuReport): Promise<SurfaceKey> {
    return {
      file: await this.options.models.identify(modelPath),
      engineVersion: this.options.engineVersion,
      device: memory === null ? NO_DEVICE : deviceName(memory),
      batchTokens: settings.N_BATCH,
      sequences: sampledSequences(settings),
      flashAttention: settings.FLASH_ATTENTION,
    };
  }

  async #knownSurface(modelPath: string, settings: SurfaceSettings, report: GpuReport): Promise<KnownSurface> {
    const known = await this.#surfaceOf(modelPath, await this.#keyOf(modelPath, settings, report));
    if (known.refusal !== null) throw known.refusal;
    if (this.#wantsSampling(known, report)) known.sampling ??= this.#sample(known, settings);
    return known;
  }

  /** Without a GPU the CPU's own buffers still improve the estimate. A surface sampled in a hurry is refined by a caller without a limit. */
  #wantsSampling({ surface, fatal }: KnownSurface, { memory }: GpuReport): boolean {
    if (fatal.has(SAMPLING)) return false;
    const hasTime = this.options.surfaceBudgetMs === undefined;
    if (memory !== null && surface.computeSource === "estimated") return true;
    return hasTime && (surface.detail === undefined || surface.detail === "coarse");
  }

  /** The surface of this key; the first request for it starts it. */
  #surfaceOf(modelPath: string, key: SurfaceKey): Promise<KnownSurface> {
    const text = surfaceKeyText(key);
    const known = this.#known.get(text) ?? this.#startSurface(modelPath, key);
    this.#remember(text, known);
    known.catch(() => this.#known.delete(text));
    return known;
  }

  async #startSurface(modelPath: string, key: SurfaceKey): Promise<KnownSurface> {
    const kept = await this.options.surfaces.read(key);
    const surface = kept?.surface ?? (await this.#surfaceOfHeader(modelPath, key));
    return { key, modelPath, surface, sampling: null, fatal: new Set(kept?.fatal), refusal: null };
  }

  /** @throws ModelFileError for what is not a chat model: no surface of it is ever kept */
  async #surfaceOfHeader(modelPath: string, { batchTokens, sequences, flashAttention }: SurfaceKey) {
    const profile = await this.options.models.readChatProfile(modelPath);
    const run = { batchTokens, sequences, flashAttention };
    const known = this.#headerSurfaces.get(profile);
    if (known !== undefined && isDeepStrictEqual(known.run, run)) return known.surface;
    const surface = headerSurface(profile, run);
    this.#headerSurfaces.set(profile, { run, surface });
    return surface;
  }

  /** Never rejects: without the samples the estimate stays in use, and every load is confirmed anyway. */
  async #sample(known: KnownSurface, settings: SurfaceSettings): Promise<void> {
    const { surfaceBudgetMs } = this.options;
    const hasGpu = known.key.device !== NO_DEVICE;
    try {
      const sampled = await this.#dryRuns.sampleSurface(known.modelPath, known.surface, {
        useMmap: settings.USE_MMAP,
        ramOnly: !hasGpu,
        ...(surfaceBudgetMs === undefined ? {} : { budgetMs: surfaceBudgetMs }),
      });
      // A GPU that was there a moment ago but did not answer leads to an estimate, which must not be kept.
      if (hasGpu && sampled.computeSource !== "dry-run") return;
      const surface = hasGpu ? sampled : calibrateEstimate(known.surface, sampled);
      const { confirmed } = known.surface;
      const detail = surfaceBudgetMs === undefined ? "fine" : "coarse";
      known.surface = { ...surface, detail, ...(confirmed && { confirmed }) };
      await this.options.surfaces.write(known.key, keptOf(known));
      this.#listeners.notify();
    } catch (error) {
      if (isFatal(error)) return this.#rememberFatal(known, SAMPLING, error);
      if (isRefusal(error)) {
        known.refusal = error;
        this.#listeners.notify();
        return;
      }
      this.options.onLog("warn", `memory surface stays an estimate: ${errorReason(error)}`);
      // The engine was busy, so it is tried another time. A dry run that crashed it is not tried again.
      if (isPassing(error)) known.sampling = null;
    }
  }

  #remember(text: string, known: Promise<KnownSurface>): void {
    this.#known.delete(text);
    this.#known.set(text, known);
    const oldest = this.#known.keys().next();
    if (this.#known.size > MAX_KNOWN_SURFACES && !oldest.done) this.#known.delete(oldest.value);
  }
}

/** Where the engine shares layers as told, a surface has the buffers of one card alone and of each of several. */
const deviceName = ({ backend, name, cards, placesExperts }: GpuMemory): string =>
  `${backend} ${name}${placesExperts && cards !== undefined ? ", each card" : ""}`;

const keptOf = ({ surface, fatal }: KnownSurface) => ({ surface, fatal: [...fatal] });

/** The engine ended, or gave no more signs of life, during the dry run. */
const isFatal = (error: unknown): error is EngineError =>
  error instanceof EngineError && (error.code === "ENGINE_CRASHED" || error.code === "ENGINE_TIMEOUT");

const isUnplaceable = (error: unknown): boolean =>
  error instanceof EngineError && error.code === "PLACEMENT_UNAVAILABLE";

/** llama.cpp itself looked at the file and refuses it. */
const isRefusal = (error: unknown): error is EngineError =>
  error instanceof EngineError && (error.code === "CORRUPT_MODEL" || error.code === "UNSUPPORTED_ARCH");

const isPassing = (error: unknown): boolean =>
  error instanceof EngineError &&
  (error.code === "BUSY" || error.code === "CANCELLED" || error.code === "ENGINE_FAILED");
