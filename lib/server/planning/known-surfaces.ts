import { calibrateEstimate } from "@/lib/plan/memory/calibrate-estimate";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { withExpertsInLayers } from "@/lib/plan/memory/memory-need";
import { type DryRunBuffers, mendSurface } from "@/lib/plan/memory/mend-surface";
import { placementInWords } from "@/lib/plan/words/placement-words";
import { errorReason } from "@/lib/schema/error-reason";
import type { GpuMemory, GpuReport } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import { Listeners } from "@/lib/server/system/listeners";
import type { LogWriter } from "@/lib/server/system/log";
import { formatMib } from "@/lib/units/bytes";
import { keepLatest } from "@/lib/units/keep-latest";
import type { DryRunEngine } from "./spare-dry-run-engine";
import { type SurfaceCache, type SurfaceKey, surfaceKeyText } from "./surface-cache";

export interface KnownSurface {
  readonly key: SurfaceKey;
  readonly modelPath: string;
  surface: MemorySurface;
  /** Sampling in progress or finished; null when it may be tried. */
  filling: Promise<void> | null;
  /** Names of dry runs that ended the engine. */
  readonly fatal: Set<string>;
  /** llama.cpp's own statement that it cannot load this file. */
  refusal: EngineError | null;
}

/** Surfaces of a big model have a few hundred kilobytes in memory. */
const MAX_KNOWN_SURFACES = 50;

const NO_DEVICE = "none";

/** One of a surface's many dry runs; which one is not known. Caches on disk hold this word. */
const FILLING = "sampling";
const nameOfDryRun = (config: LoadConfig): string => {
  const { contextTokens, kvType, sequences } = config;
  const beside = sequences > 1 ? `, ${sequences} at once` : "";
  return `${placementInWords(config)}, ${contextTokens} tokens, ${kvType}${beside}`;
};

export type SurfaceSettings = Pick<Settings, "N_BATCH" | "FLASH_ATTENTION" | "USE_MMAP" | "N_CTX" | "PARALLEL">;

/** Sequences of a surface's dry runs. With "auto" the layers are placed as for one, and what is left over goes to further ones. */
export const surfaceSequences = ({ PARALLEL }: Pick<Settings, "PARALLEL">): number =>
  PARALLEL === "auto" ? 1 : PARALLEL;

/** Where the GPU's memory is read. */
export interface GpuSource {
  read(): Promise<GpuReport>;
}

export interface KnownSurfacesOptions {
  readonly models: Pick<ModelFiles, "readChatProfile" | "identify">;
  readonly dryRuns: DryRunEngine;
  readonly gpu: GpuSource;
  readonly surfaces: Pick<SurfaceCache, "read" | "write">;
  /** Version of the code that computes the buffers: another version may compute others. */
  readonly engineVersion: string;
  /** For a single quick answer: gives a coarser surface, which the next server refines. Without it the engine takes the time it needs. */
  readonly surfaceBudgetMs?: number;
  /** Whether another program runs our model, which keeps experts in RAM by itself where our engine cannot. */
  readonly programPlaces?: () => boolean;
  readonly onLog: LogWriter;
}

/** What is known of each model's memory: fills its surface once in the background, mends it with each confirmed dry run, and keeps it on disk. */
export class KnownSurfaces {
  readonly #known = new Map<string, Promise<KnownSurface>>();
  readonly #listeners = new Listeners();

  constructor(private readonly options: KnownSurfacesOptions) {}

  /** Called whenever a surface has become exact. */
  readonly subscribe = this.#listeners.subscribe;

  /** From what is known without a dry run: dry runs of every file in a library would keep the engine busy for minutes. */
  async peek(modelPath: string, settings: SurfaceSettings, report: GpuReport): Promise<KnownSurface> {
    const key = await this.#keyOf(modelPath, settings, report);
    return this.#known.get(surfaceKeyText(key)) ?? this.#startSurface(modelPath, key);
  }

  /** What an earlier dry run of this file left; null if there was none. */
  async kept(modelPath: string, settings: SurfaceSettings, report: GpuReport) {
    const key = await this.#keyOf(modelPath, settings, report);
    const known = await (this.#known.get(surfaceKeyText(key)) ?? this.options.surfaces.read(key));
    const refusal = known !== null && "refusal" in known ? known.refusal : null;
    return known === null || (known.surface.detail === undefined && refusal === null)
      ? null
      : { surface: known.surface, refusal };
  }

  /**
   * Compares one configuration with llama.cpp's own figures, and corrects the surface where they differ. A dry run that ends the engine
   * gives no result and is never repeated: the plan goes on with what is known.
   *
   * @returns false where there is no answer
   */
  async confirm(known: KnownSurface, config: LoadConfig, engine: DryRunEngine, signal?: AbortSignal): Promise<boolean> {
    if (known.fatal.has(FILLING) || known.fatal.has(nameOfDryRun(config))) return false;
    let buffers: DryRunBuffers;
    try {
      buffers = await engine.dryRun(config, signal);
    } catch (error) {
      if (isUnplaceable(error)) {
        if (this.options.programPlaces?.()) return false;
        // The plan goes on with whole layers.
        known.surface = withExpertsInLayers(known.surface);
        return true;
      }
      if (!isFatal(error)) throw error;
      await this.#rememberFatal(known, nameOfDryRun(config), error);
      return false;
    }
    const { surface, mismatchBytes } = mendSurface(known.surface, config, buffers);
    if (mismatchBytes > 0) {
      const where = `${surface.model.name} at ${nameOfDryRun(config)}`;
      this.options.onLog("info", `memory surface was ${formatMib(mismatchBytes, 2)} off for ${where}; corrected`);
    }
    // Also if it was right: at a confirmed point the planner uses the dry run's figures, in the browser as well.
    known.surface = surface;
    return true;
  }

  /** Announces the confirmed points, and writes them to disk once. The disk can be slow, so waiting requests are answered first. */
  keepConfirmed(known: KnownSurface): void {
    this.#listeners.notify();
    if (known.surface.computeSource === "dry-run")
      setImmediate(() => void this.options.surfaces.write(known.key, keptOf(known)));
  }

  async #rememberFatal(known: KnownSurface, name: string, error: Error): Promise<void> {
    known.fatal.add(name);
    this.options.onLog("warn", `a dry run (${name}) ended the engine and is not made again: ${error.message}`);
    await this.options.surfaces.write(known.key, keptOf(known));
  }

  async filled(modelPath: string, settings: SurfaceSettings): Promise<KnownSurface> {
    const known = await this.get(modelPath, settings, await this.options.gpu.read());
    await known.filling;
    if (known.refusal !== null) throw known.refusal;
    return known;
  }

  async #keyOf(modelPath: string, settings: SurfaceSettings, { memory }: GpuReport): Promise<SurfaceKey> {
    return {
      file: await this.options.models.identify(modelPath),
      engineVersion: this.options.engineVersion,
      device: memory === null ? NO_DEVICE : deviceName(memory),
      batchTokens: settings.N_BATCH,
      sequences: surfaceSequences(settings),
      flashAttention: settings.FLASH_ATTENTION,
    };
  }

  async get(modelPath: string, settings: SurfaceSettings, report: GpuReport): Promise<KnownSurface> {
    const known = await this.#surfaceOf(modelPath, await this.#keyOf(modelPath, settings, report));
    if (known.refusal !== null) throw known.refusal;
    if (this.#needsFilling(known, report)) known.filling ??= this.#fill(known, settings);
    return known;
  }

  /** Without a GPU the CPU's own buffers still improve the estimate. A surface filled in a hurry is refined by a caller without a limit. */
  #needsFilling({ surface, fatal }: KnownSurface, { memory }: GpuReport): boolean {
    if (fatal.has(FILLING)) return false;
    const hasTime = this.options.surfaceBudgetMs === undefined;
    if (memory !== null && surface.computeSource === "estimated") return true;
    return hasTime && (surface.detail === undefined || surface.detail === "coarse");
  }

  /** The surface of this key; the first request for it starts it. */
  #surfaceOf(modelPath: string, key: SurfaceKey): Promise<KnownSurface> {
    const text = surfaceKeyText(key);
    const known = this.#known.get(text) ?? this.#startSurface(modelPath, key);
    keepLatest(this.#known, text, known, MAX_KNOWN_SURFACES);
    known.catch(() => this.#known.delete(text));
    return known;
  }

  async #startSurface(modelPath: string, key: SurfaceKey): Promise<KnownSurface> {
    const kept = await this.options.surfaces.read(key);
    const surface = kept?.surface ?? (await this.#surfaceOfHeader(modelPath, key));
    return { key, modelPath, surface, filling: null, fatal: new Set(kept?.fatal), refusal: null };
  }

  /** @throws ModelFileError for what is not a chat model: no surface of it is ever kept */
  async #surfaceOfHeader(modelPath: string, { batchTokens, sequences, flashAttention }: SurfaceKey) {
    const profile = await this.options.models.readChatProfile(modelPath);
    return headerSurface(profile, { batchTokens, sequences, flashAttention });
  }

  /** Never rejects: without the samples the estimate stays in use, and every load is confirmed anyway. */
  async #fill(known: KnownSurface, settings: SurfaceSettings): Promise<void> {
    const { surfaceBudgetMs } = this.options;
    const hasGpu = known.key.device !== NO_DEVICE;
    try {
      const filled = await this.options.dryRuns.fillSurface(known.modelPath, known.surface, {
        useMmap: settings.USE_MMAP,
        ramOnly: !hasGpu,
        ...(surfaceBudgetMs === undefined ? {} : { budgetMs: surfaceBudgetMs }),
      });
      // A GPU that was there a moment ago and does not answer now leads to an estimate, which must not be kept.
      if (hasGpu && filled.computeSource !== "dry-run") return;
      const surface = hasGpu ? filled : calibrateEstimate(known.surface, filled);
      const { confirmed } = known.surface;
      const detail = surfaceBudgetMs === undefined ? "fine" : "coarse";
      known.surface = { ...surface, detail, ...(confirmed && { confirmed }) };
      await this.options.surfaces.write(known.key, keptOf(known));
      this.#listeners.notify();
    } catch (error) {
      if (isFatal(error)) return this.#rememberFatal(known, FILLING, error);
      if (isRefusal(error)) {
        known.refusal = error;
        this.#listeners.notify();
        return;
      }
      this.options.onLog("warn", `memory surface stays an estimate: ${errorReason(error)}`);
      // The engine was busy, so it is tried another time. A dry run that crashed it is not tried again.
      if (isPassing(error)) known.filling = null;
    }
  }
}

/** If the engine can share layers by given numbers, a surface has the buffers of one card alone and of each of several. */
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
