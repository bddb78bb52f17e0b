import { basename } from "node:path";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { withoutBeside } from "@/lib/plan/cards/with-beside";
import { draftConfigOf } from "@/lib/plan/memory/draft-config";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { splitOf } from "@/lib/plan/memory/split-layers";
import type { BesideModel, GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { Buffers, LoadConfig } from "@/lib/schema/plans/load-config";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";
import { chooseDraftModel, type ProfiledModel } from "@/lib/server/models/library/find-draft-model";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { GpuSource } from "@/lib/server/planning/known-surfaces";
import type { DryRunEngine } from "@/lib/server/planning/spare-dry-run-engine";
import type { DraftPair } from "./speculation-meter";

interface DraftHolderOptions {
  readonly models: Pick<ModelFiles, "listModels" | "resolveModel" | "readProfile" | "identify">;
  readonly gpu: GpuSource;
  readonly dryRuns: Pick<DryRunEngine, "dryRun">;
  /** The plan for a card: of several, the draft model gets the one with the most room beside the model. */
  planFor(settings: Settings, gpu: GpuMemory): Promise<Pick<LayerPlan, "cards">>;
  /** Why this draft model is of no use for this model; null if that was not measured. */
  uselessBecause(pair: DraftPair): string | null;
  /** What THREADS "auto" means for a model of this size. */
  autoThreads(fileBytes: number): number;
}

/** The draft model that our own engine loads beside the model of these settings. */
interface HeldDraft {
  /** Undefined for none. */
  readonly config: LoadConfig["draft"];
  /** What it takes of the card; empty if it is in system memory. */
  readonly onCard: readonly BesideModel[];
  /** What it takes of system memory. */
  readonly inRam: readonly BesideModel[];
  /** Why the draft model that the settings name is left out. */
  readonly problem: string | null;
  /** Why the draft model that was found would not help. */
  readonly useless: string | null;
}

const NONE: HeldDraft = { config: undefined, onCard: [], inRam: [], problem: null, useless: null };
/** The result depends on neither, but a dry run needs some number. */
const ANY_THREADS = 1;

/** Says which draft model goes beside a model, and what it takes of the card or of system memory. */
export class DraftHolder {
  #held = NONE;
  readonly #buffers = new Map<string, Buffers>();

  constructor(private readonly options: DraftHolderOptions) {}

  /** Stays the same object while nothing changes, because readings of the card are kept for as long. */
  get onCard(): readonly BesideModel[] {
    return this.#held.onCard;
  }

  get inRam(): readonly BesideModel[] {
    return this.#held.inRam;
  }

  /** Why no draft model is loaded although there is one: it would not help. Null in every other case. */
  get useless(): string | null {
    return this.#held.useless;
  }

  /** From now on this is counted. @throws EngineError as `find` does: then nothing is */
  async hold(settings: Settings): Promise<HeldDraft> {
    const found = await this.find(settings).catch(error => {
      this.#held = NONE;
      throw error;
    });
    const isSame = JSON.stringify(found) === JSON.stringify(this.#held);
    if (!isSame) this.#held = found;
    return found;
  }

  /** @throws EngineError INVALID_INPUT for a draft model of another vocabulary */
  async find(settings: Settings): Promise<HeldDraft> {
    if (settings.DRAFT_MODEL === "" || settings.SPECULATION === "off") return NONE;
    const model = await this.#modelOf(settings);
    if (model === null) return NONE;
    const chosen = await chooseDraftModel(model, settings, this.options.models);
    if (chosen.kind === "none") return NONE;
    if (chosen.kind === "unfit") throw new EngineError("INVALID_INPUT", chosen.problem);
    if (chosen.kind === "missing")
      return {
        ...NONE,
        problem: `${chosen.problem} Answers are written without it: choose another draft model, or none.`,
      };
    const { memory } = await this.options.gpu.read();
    const card = settings.LAYERS === 0 ? null : memory;
    const useless = settings.SPECULATION === "on" ? null : this.#uselessBecause(model, chosen.draft, settings, card);
    return useless === null ? this.#placed(chosen.draft, settings, card) : { ...NONE, useless };
  }

  #uselessBecause(
    model: ProfiledModel,
    draft: ProfiledModel,
    { THREADS }: Settings,
    card: GpuMemory | null,
  ): string | null {
    const threads = THREADS === "auto" ? this.options.autoThreads(model.profile.fileBytes) : THREADS;
    return this.options.uselessBecause({
      model: model.path,
      draft: draft.path,
      isOnCard: card !== null,
      threads,
    });
  }

  /** null for a model that is not on this computer or cannot be read: its own load says so. */
  async #modelOf({ MODEL }: Settings): Promise<ProfiledModel | null> {
    try {
      const path = await this.options.models.resolveModel(MODEL);
      return { path, profile: await this.options.models.readProfile(path) };
    } catch {
      return null;
    }
  }

  async #placed(draft: ProfiledModel, settings: Settings, memory: GpuMemory | null): Promise<HeldDraft> {
    const gpuLayers = memory === null ? 0 : draft.profile.blocks + 1;
    const card = memory === null ? undefined : await this.#roomiestCard(memory, settings);
    const tensorSplit =
      card === undefined ? undefined : splitOf([{ position: card, firstLayer: 0, endLayer: gpuLayers }]);
    const config = { modelPath: draft.path, gpuLayers, ...(tensorSplit && { tensorSplit }) };
    const buffers = await this.#buffersOf(draft, config, settings);
    const part = (bytes: number): BesideModel[] =>
      bytes === 0 ? [] : [{ kind: "draft", name: basename(draft.path), bytes }];
    return {
      ...NONE,
      config,
      onCard: part(buffers.gpuWeightsBytes + buffers.gpuContextBytes).map(model => ({
        ...model,
        ...(card !== undefined && { card }),
      })),
      inRam: part(buffers.ramWeightsBytes + buffers.ramContextBytes),
    };
  }

  /**
   * Position of the card that has the most room left beside the model; undefined if the engine cannot be told a card. One that is
   * held stays where it has room, so that readings that differ a little move nothing.
   */
  async #roomiestCard(memory: GpuMemory, settings: Settings): Promise<number | undefined> {
    if (memory.cards === undefined || memory.cards.length < 2 || !memory.placesExperts) return undefined;
    const { cards } = await this.options.planFor(settings, withoutBeside(memory));
    const room = ({ budgetBytes, predicted }: (typeof cards)[number]) =>
      budgetBytes - (predicted.totalBytes - predicted.overheadBytes);
    const [held] = this.#held.onCard;
    const itsCard = cards.find(({ position }) => position === held?.card);
    if (held !== undefined && itsCard !== undefined && room(itsCard) >= held.bytes) return itsCard.position;
    return [...cards].sort((one, other) => room(other) - room(one))[0]?.position;
  }

  /** As llama.cpp's own dry run says; from the header where none can be made now. */
  async #buffersOf(
    { path, profile }: ProfiledModel,
    draft: NonNullable<LoadConfig["draft"]>,
    { N_CTX, N_BATCH, FLASH_ATTENTION, USE_MMAP }: Settings,
  ): Promise<Buffers> {
    const run = { batchTokens: N_BATCH, sequences: 1, flashAttention: FLASH_ATTENTION, contextTokens: N_CTX };
    const config = draftConfigOf(draft, { ...run, ...draft, kvType: "f16", threads: ANY_THREADS, useMmap: USE_MMAP });
    const key = JSON.stringify([config, await this.options.models.identify(path)]);
    const known = this.#buffers.get(key);
    if (known !== undefined) return known;
    try {
      const buffers = await this.options.dryRuns.dryRun(config);
      this.#buffers.set(key, buffers);
      return buffers;
    } catch {
      const { gpu, ram } = memoryNeed(headerSurface(profile, run), config);
      return {
        gpuWeightsBytes: gpu.weightsBytes,
        gpuContextBytes: gpu.totalBytes - gpu.weightsBytes,
        ramWeightsBytes: ram.weightsBytes,
        ramContextBytes: ram.totalBytes - ram.weightsBytes,
      };
    }
  }
}
