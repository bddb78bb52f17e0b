import { isDeepStrictEqual } from "node:util";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { confirmedPlacements } from "@/lib/plan/memory/fit-needs";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { type Placement, samePlacement } from "@/lib/plan/memory/memory-need";
import { kvTypeRefusal } from "@/lib/plan/memory/usable-kv-types";
import { loadConfigOf } from "@/lib/plan/placement/load-config-of";
import { nextToConfirm, type ShownPlacement, shownToConfirm } from "@/lib/plan/placement/next-to-confirm";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import { errorReason } from "@/lib/schema/error-reason";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import type { GpuMemory, GpuReport } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { RemoteModels } from "@/lib/server/models/hub/remote-models";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import {
  type KnownSurface,
  KnownSurfaces,
  type KnownSurfacesOptions,
  type SurfaceSettings,
  surfaceSequences,
} from "./known-surfaces";
import type { MemoryGuard } from "./memory-guard";
import type { DryRunEngine, SpareDryRunEngine } from "./spare-dry-run-engine";

export interface PlannerOptions extends Omit<KnownSurfacesOptions, "dryRuns"> {
  readonly models: Pick<ModelFiles, "resolveModel" | "readChatProfile" | "identify">;
  /** Models that are not on this computer: they can be planned, not loaded. */
  readonly remote: Pick<RemoteModels, "headerPath" | "keptHeaderPath">;
  readonly engine: DryRunEngine;
  /** For plans that are only shown: their dry runs must not end a loaded model. Left out if nothing else is served. */
  readonly dryRuns?: DryRunEngine & Pick<SpareDryRunEngine, "end">;
  /** What THREADS "auto" means for a model of this size. */
  autoThreads(fileBytes: number): number;
  /** Refuses loads that system memory does not hold. Left out if nothing is loaded. */
  readonly memoryGuard?: Pick<MemoryGuard, "check">;
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

/** Answers with a plan at once, from what is known, and lets the engine complete that knowledge in the background. */
export class Planner {
  readonly #known: KnownSurfaces;
  /** Called whenever a surface has become exact. */
  readonly subscribe: KnownSurfaces["subscribe"];

  constructor(private readonly options: PlannerOptions) {
    this.#known = new KnownSurfaces({ ...options, dryRuns: options.dryRuns ?? options.engine });
    this.subscribe = this.#known.subscribe;
  }

  /** What is known now about this model's memory: from the engine's dry runs if there are any, else from the header. */
  async surfaceFor(modelPath: string, settings: SurfaceSettings): Promise<MemorySurface> {
    const known = await this.#known.get(modelPath, settings, await this.options.gpu.read());
    return known.surface;
  }

  /** @param gpuOverride a card to plan for instead of the one in this computer; null: plan for none */
  async planFor(settings: Settings, gpuOverride?: GpuMemory | null): Promise<PlanOutcome> {
    const modelPath = await this.#headerOf(settings.MODEL);
    const report = await this.options.gpu.read();
    const { surface } = await this.#known.get(modelPath, settings, report);
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
    const { surface, refusal } = await this.#known.peek(modelPath, settings, report);
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
    const run = { batchTokens: N_BATCH, sequences: surfaceSequences(settings), flashAttention: FLASH_ATTENTION };
    const surface = (await this.#filledOf(profile, settings, report, downloadName)) ?? headerSurface(profile, run);
    return { surface, gpu: report.memory, plan: planLayers(surface, report.memory, settings) };
  }

  /** null while no dry run of a file with this header was made. */
  async #filledOf(profile: ModelProfile, settings: Settings, report: GpuReport, downloadName: string) {
    const { models, remote } = this.options;
    for (const copy of [models.resolveModel(downloadName), remote.keptHeaderPath(settings.MODEL)]) {
      const path = await copy.catch(() => null);
      const kept = path === null ? null : await this.#known.kept(path, settings, report).catch(() => null);
      if (path === null || kept === null) continue;
      if (!isDeepStrictEqual(await models.readChatProfile(path).catch(() => null), profile)) continue;
      if (kept.refusal !== null) throw kept.refusal;
      return kept.surface;
    }
    return null;
  }

  /**
   * The same, but dry runs first confirm the plan and the need of one layer more, unless they were confirmed before. It waits for them.
   * Without a GPU the surface stays an estimate.
   *
   * @param signal ends it after the dry run in progress: nobody waits for the rest
   */
  async exactPlanFor(settings: Settings, gpuOverride?: GpuMemory | null, signal?: AbortSignal): Promise<PlanOutcome> {
    const modelPath = await this.#headerOf(settings.MODEL);
    const known = await this.#known.filled(modelPath, settings);
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
   * Makes the dry run of a plan although it may be known, so that the engine is ready for the next question: a child for dry runs takes a
   * second to start and reads the model's header first.
   */
  async prepareDryRuns(settings: Settings, gpu: GpuMemory | null): Promise<void> {
    const modelPath = await this.#headerOf(settings.MODEL);
    const known = await this.#known.filled(modelPath, settings);
    const { surface } = known;
    const plan = planLayers(surface, gpu, settings);
    if (plan.gpuLayers === 0 || surface.computeSource !== "dry-run") return;
    await this.#known.confirm(known, this.configOf({ modelPath, surface, gpu, plan }, settings), this.#dryRuns);
  }

  /**
   * The plan to load: made with the memory that is free now, and confirmed by one dry run of exactly its configuration. Larger plans that
   * might fit within the surface's possible error are confirmed too: no layer stays on the CPU because of an interpolation.
   */
  async confirmedPlanFor(settings: Settings, signal?: AbortSignal): Promise<ConfirmedPlan> {
    const modelPath = await this.options.models.resolveModel(settings.MODEL);
    const known = await this.#known.filled(modelPath, settings);
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
      await this.#known.confirm(known, this.configOf(outcome, settings), this.options.engine, signal);
      outcome = await plan();
    }
    if (tried.size > 1) this.#known.keepConfirmed(known);
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
        if (confirmed.length > 0) this.#known.keepConfirmed(known);
        return outcome;
      }
      const config = this.#configWith(placement, outcome, settings);
      const isAnswered = await this.#known.confirm(known, config, engine, signal);
      confirmed.push(placement);
      // Nor would similar placements get an answer: the plan uses what is known.
      if (!isAnswered) return plan();
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

  /** Path of a file with the model's header: the model itself if it is on this computer. */
  #headerOf(model: string): Promise<string> {
    const { models, remote } = this.options;
    return isRemoteSource(model) ? remote.headerPath(model) : models.resolveModel(model);
  }
}
