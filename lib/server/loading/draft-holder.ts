import { basename } from "node:path";
import { draftConfigOf } from "@/lib/plan/draft-config";
import { headerSurface } from "@/lib/plan/header-surface";
import { memoryNeed } from "@/lib/plan/memory-need";
import type { BesideModel, GpuMemory } from "@/lib/schema/gpu-memory";
import type { Buffers, LoadConfig } from "@/lib/schema/load-config";
import type { Settings } from "@/lib/schema/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";
import { chooseDraftModel, type DraftModel } from "@/lib/server/models/library/find-draft-model";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { GpuSource } from "@/lib/server/planning/planner";
import type { DryRunEngine } from "@/lib/server/planning/spare-dry-run-engine";

interface DraftHolderOptions {
  readonly models: Pick<ModelFiles, "listModels" | "resolveModel" | "readProfile" | "identify">;
  readonly gpu: GpuSource;
  readonly dryRuns: Pick<DryRunEngine, "dryRun">;
}

/** The draft model that our own engine loads beside the model of these settings. */
interface HeldDraft {
  /** Undefined for none. */
  readonly config: LoadConfig["draft"];
  /** What it takes of the card; empty where it is in system memory. */
  readonly onCard: readonly BesideModel[];
  /** What it takes of system memory. */
  readonly inRam: readonly BesideModel[];
  /** Why the one that the settings name is left out. */
  readonly problem: string | null;
}

const NONE: HeldDraft = { config: undefined, onCard: [], inRam: [], problem: null };
/** What is found out depends on neither: a dry run wants some number. */
const ANY_THREADS = 1;

type DraftSettings = Pick<
  Settings,
  "MODEL" | "N_CTX" | "DRAFT_MODEL" | "SPECULATION" | "LAYERS" | "N_BATCH" | "FLASH_ATTENTION" | "USE_MMAP"
>;

/** Says which draft model goes beside a model, and what it takes of the card or of system memory. */
export class DraftHolder {
  #held = NONE;
  readonly #buffers = new Map<string, Buffers>();

  constructor(private readonly options: DraftHolderOptions) {}

  /** The same list as long as it is the same: readings of the card are kept as long as it is. */
  get onCard(): readonly BesideModel[] {
    return this.#held.onCard;
  }

  get inRam(): readonly BesideModel[] {
    return this.#held.inRam;
  }

  /** From now on this is counted. @throws EngineError as `find` does: then nothing is */
  async hold(settings: DraftSettings): Promise<HeldDraft> {
    const found = await this.find(settings).catch(error => {
      this.#held = NONE;
      throw error;
    });
    const isSame = JSON.stringify(found) === JSON.stringify(this.#held);
    if (!isSame) this.#held = found;
    return found;
  }

  /** @throws EngineError INVALID_INPUT for a draft model of another vocabulary */
  async find(settings: DraftSettings): Promise<HeldDraft> {
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
    return this.#placed(chosen.draft, settings);
  }

  /** null for a model that is not on this computer or cannot be read: its own load says so. */
  async #modelOf({ MODEL }: DraftSettings): Promise<DraftModel | null> {
    try {
      const path = await this.options.models.resolveModel(MODEL);
      return { path, profile: await this.options.models.readProfile(path) };
    } catch {
      return null;
    }
  }

  async #placed(draft: DraftModel, settings: DraftSettings): Promise<HeldDraft> {
    const { memory } = await this.options.gpu.read();
    const isOnCard = memory !== null && settings.LAYERS !== 0;
    const gpuLayers = isOnCard ? draft.profile.blocks + 1 : 0;
    const tensorSplit = isOnCard ? onFirstCard(memory, gpuLayers) : undefined;
    const config = { modelPath: draft.path, gpuLayers, ...(tensorSplit && { tensorSplit }) };
    const buffers = await this.#buffersOf(draft, config, settings);
    const part = (bytes: number): BesideModel[] =>
      bytes === 0 ? [] : [{ kind: "draft", name: basename(draft.path), bytes }];
    return {
      config,
      onCard: part(buffers.gpuWeightsBytes + buffers.gpuContextBytes),
      inRam: part(buffers.ramWeightsBytes + buffers.ramContextBytes),
      problem: null,
    };
  }

  /** As llama.cpp's own dry run says; from the header where none can be made now. */
  async #buffersOf(
    { path, profile }: DraftModel,
    draft: NonNullable<LoadConfig["draft"]>,
    { N_CTX, N_BATCH, FLASH_ATTENTION, USE_MMAP }: DraftSettings,
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

/** Of several cards it is on the first, as `withBeside` counts it. */
const onFirstCard = ({ cards, placesExperts }: GpuMemory, layers: number): number[] | undefined =>
  cards !== undefined && cards.length > 1 && placesExperts
    ? cards.map((_, index) => (index === 0 ? layers : 0))
    : undefined;
