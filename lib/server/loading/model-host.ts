import { changeCost } from "@/lib/plan/advice/change-cost";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import type { ChatTurn, PromptOptions } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { LoadConfig, LoadCost } from "@/lib/schema/plans/load-config";
import type { SpeculationChoice } from "@/lib/schema/plans/speculation";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineLostTurnError } from "@/lib/server/engine/engine-errors";
import type {
  CompleteRequest,
  EngineSupervisor,
  GenerateRequest,
  GenerationMessage,
} from "@/lib/server/engine/engine-supervisor";
import type { AnsweringElsewhere } from "@/lib/server/engine/other/answering-server";
import type { Counted } from "@/lib/server/engine/other/count-tokens";
import type { Vocabulary } from "@/lib/server/engine/other/vocabulary";
import type { Planner } from "@/lib/server/planning/planner";
import { RequestError } from "@/lib/server/system/request-error";
import type { DraftHolder } from "./draft-holder";
import { type Loading, servingOf, triedIn } from "./host-state";
import { announceFailure } from "./load-or-fall-back";
import { sameLoad } from "./load-settings";
import { withDraft } from "./model-loader";
import { ModelSlot, type ModelSlotOptions } from "./model-slot";
import { untilAborted } from "./until-aborted";

export interface ModelHostOptions extends ModelSlotOptions {
  readonly engine: EngineSupervisor;
  readonly planner: Pick<Planner, "planFor" | "configOf">;
  /** Left out if nothing is loaded beside a model. */
  readonly drafts?: Pick<DraftHolder, "find" | "useless">;
  readSettings(): Settings;
  /** Whether this load's answers are speculated; without it, none are. */
  speculationOf?(config: LoadConfig): SpeculationChoice;
  /** Where the cache of this chat is kept on disk; null if it is not. */
  kvFolderOf?(chatId: string): string | null;
  /** Another engine that was chosen to answer in place of this one; null while this one answers. */
  answeringElsewhere?(): AnsweringElsewhere | null;
  /** Every finished answer, with its times, and whether the engine of this process made it. */
  onAnswered?(stats: GenerationStats, isOwn: boolean): void;
}

/** An engine that reads no pictures is not sent any. */
const withoutPictures = (turns: readonly ChatTurn[]): ChatTurn[] =>
  turns.map(turn => (turn.role === "user" ? { role: turn.role, content: turn.content } : turn));

export interface SettingsChange {
  readonly cost: LoadCost;
  readonly plan: LayerPlan;
}

/** While another engine answers, our own may keep a model for later. It is never shown as the one that answers. */
const nothingLoaded = {
  config: null,
  totalLayers: null,
  held: null,
  flashAttentionActive: null,
  progress: null,
  notice: null,
  answering: 0,
  loadWaits: false,
} as const;

/**
 * Loads the settings' model on first use, after a change that needs it, and after a crash. If it cannot be loaded, the last working
 * settings are used instead, and a notice says so.
 */
export class ModelHost {
  readonly #slot: ModelSlot;
  #changesAsked = 0;

  constructor(private readonly options: ModelHostOptions) {
    this.#slot = new ModelSlot(options);
  }

  /**
   * Waits until a model can answer.
   *
   * @throws EngineError, ModelFileError, GgufFormatError when none can
   */
  async ensureLoaded(signal?: AbortSignal): Promise<void> {
    const other = this.#elsewhere();
    if (other !== null) return other.ensureReady(signal);
    for (;;) {
      while (this.#slot.isLent) await this.#slot.recall(signal);
      const loading = this.#loadUnlessServing();
      if (loading === null) return;
      try {
        await untilAborted(loading.done, signal);
        return;
      } catch (error) {
        const { state } = this.#slot;
        const isReplaced = state.kind === "loading" && state.controller !== loading.controller;
        if (signal?.aborted || !isReplaced) throw error;
      }
    }
  }

  /** What a change to these settings would cost, without making it. */
  async costOf(settings: Settings): Promise<SettingsChange> {
    const outcome = await this.options.planner.planFor(settings);
    const { plan } = outcome;
    const { state } = this.#slot;
    const tried = triedIn(state);
    if (tried !== null && sameLoad(tried, settings)) return { cost: "nothing", plan };
    const draft = await this.options.drafts?.find(settings);
    const config = withDraft(this.options.planner.configOf(outcome, settings), draft?.config);
    const cost = changeCost(servingOf(state)?.planned ?? null, config);
    // The model that answers now is being replaced by another, so keeping it takes a load, too.
    return { cost: cost === "nothing" && state.kind === "loading" ? "context" : cost, plan };
  }

  /**
   * Does only what the change needs: nothing, a new context, or a new load. Resolves when it is done, also when
   * it ended with other settings than these: the engine's snapshot says so.
   *
   * @throws ModelFileError, GgufFormatError for a model that cannot be planned; what is loaded stays
   */
  async apply(settings: Settings): Promise<SettingsChange> {
    // Planning reads files and takes time. The change that was requested last wins, not the one that is planned last.
    this.#changesAsked += 1;
    const turn = this.#changesAsked;
    while (this.#slot.isLent) await this.#slot.recall();
    const change = await this.costOf(settings).catch(error => {
      announceFailure(this.options, error);
      throw error;
    });
    const other = this.#elsewhere();
    if (other !== null) return { ...change, cost: (await other.follow()) ? "model" : "nothing" };
    // The engine was lent again during planning.
    while (this.#slot.isLent) await this.#slot.recall();
    if (this.#slot.state.kind === "unloaded" || turn !== this.#changesAsked) return change;
    if (change.cost === "nothing") this.#slot.keepFor(settings);
    else await this.#load(settings, this.options.engine.snapshot().state === "failed").done;
    return change;
  }

  /** Loads the settings' model in a new engine process, also after the supervisor gave up restarting it. An answer in progress is cut. */
  async reload(): Promise<void> {
    const other = this.#elsewhere();
    if (other !== null) return other.reload();
    while (this.#slot.isLent) await this.#slot.recall();
    await this.#slot.load({ settings: this.options.readSettings(), before: null, restart: true }).done;
  }

  snapshot(): EngineSnapshot {
    const own = this.#asAsked(this.options.engine.snapshot());
    const other = this.#elsewhere()?.snapshot();
    if (other !== undefined) return { ...own, ...nothingLoaded, ...other };
    const speculation = this.#speculation();
    return speculation === undefined ? own : { ...own, speculation };
  }

  /** The snapshot with what an engine elsewhere reports about its load now. */
  async freshSnapshot(): Promise<EngineSnapshot> {
    await this.#elsewhere()?.refresh();
    return this.snapshot();
  }

  /** Unloads the model. A request or a load brings it back; a changed setting does not. */
  async unload(): Promise<void> {
    await this.#elsewhere()?.stop();
    await this.unloadOwn(null);
  }

  /** Unloads this engine's model after the answers in progress, whatever else may answer. */
  async unloadOwn(notice: string | null): Promise<void> {
    while (this.#slot.isLent) await this.#slot.recall();
    const isEmpty = this.options.engine.snapshot().config === null && this.#slot.state.kind !== "loading";
    if (notice === null || !isEmpty) await this.#slot.unload(notice);
  }

  /**
   * Waits for a load in progress, and for a borrower, who is told. It does not wait for an answer.
   *
   * @throws the signal's reason when it fires
   */
  async becomeFree(signal?: AbortSignal): Promise<void> {
    for (;;) {
      while (this.#slot.isLent) await this.#slot.recall(signal);
      const { state } = this.#slot;
      if (state.kind !== "loading") return;
      // Why it could not be loaded is in the snapshot.
      await untilAborted(state.done, signal).catch(() => signal?.throwIfAborted());
    }
  }

  /** Loads the same settings again if their draft model was found to be of no use, so that the model gets its memory. */
  async leaveOutUselessDraft(): Promise<void> {
    const { state } = this.#slot;
    if (state.kind !== "serving" || state.serving.planned.draft === undefined) return;
    const { settings } = state.serving;
    const found = await this.options.drafts?.find(settings);
    if (found?.useless == null || this.#slot.state !== state) return;
    await this.#load(settings, false).done;
  }

  /** @see ModelSlot.lend */
  borrow: ModelSlot["lend"] = (work, notice) => this.#slot.lend(work, notice);

  /** @param caller who waits in the queue: callers take turns */
  generate(request: GenerateRequest, signal?: AbortSignal, caller?: string): AsyncIterable<GenerationMessage> {
    const { engine } = this.options;
    const other = this.#elsewhere();
    const seen = other?.snapshot().other.takesPictures
      ? request
      : { ...request, turns: withoutPictures(request.turns) };
    return other === null
      ? this.#answer(() => engine.generate(this.#kept(this.#speculated(seen)), signal, caller), signal)
      : this.#noting(other.generate(seen, signal));
  }

  complete(request: CompleteRequest, signal?: AbortSignal, caller?: string): AsyncIterable<GenerationMessage> {
    const { engine } = this.options;
    const other = this.#elsewhere();
    return other === null
      ? this.#answer(() => engine.complete(this.#speculated(request), signal, caller), signal)
      : this.#noting(other.complete(request, signal));
  }

  async *#noting(messages: AsyncIterable<GenerationMessage>) {
    for await (const message of messages) {
      if (message.type === "finished") this.options.onAnswered?.(message.stats, false);
      yield message;
    }
  }

  /** Tokens that these turns take in the loaded model's template, with its tools. */
  async count(turns: ChatTurn[], options: PromptOptions = {}): Promise<Counted> {
    const other = this.#elsewhere();
    if (other !== null) return other.count(turns, options);
    await this.ensureLoaded();
    return this.options.engine.count(withoutPictures(turns), options);
  }

  /** The tokens of a text, in the vocabulary of the model that answers. */
  async tokenize(...[params]: Parameters<Vocabulary["tokenize"]>): ReturnType<Vocabulary["tokenize"]> {
    return (await this.#vocabulary()).tokenize(params);
  }

  async detokenize(tokens: number[]): ReturnType<Vocabulary["detokenize"]> {
    return (await this.#vocabulary()).detokenize({ tokens });
  }

  /** The prompt that these turns make in its template. */
  async render(turns: ChatTurn[], options: PromptOptions = {}): ReturnType<Vocabulary["render"]> {
    return (await this.#vocabulary()).render({ turns, ...options });
  }

  /** A request that still waited when the engine crashed or was restarted waits for the next one, too. */
  async *#answer(
    ask: () => AsyncIterable<GenerationMessage>,
    signal?: AbortSignal,
  ): AsyncGenerator<GenerationMessage, void, undefined> {
    for (;;) {
      await this.ensureLoaded(signal);
      try {
        for await (const message of ask()) {
          if (message.type === "finished") this.options.onAnswered?.(message.stats, true);
          yield message;
        }
        return;
      } catch (error) {
        if (!(error instanceof EngineLostTurnError)) throw error;
      }
    }
  }

  /** @throws RequestError where another engine answers that does not tell of it */
  async #vocabulary(): Promise<Vocabulary> {
    const elsewhere = this.#elsewhere();
    if (elsewhere === null) {
      await this.ensureLoaded();
      return this.options.engine;
    }
    const vocabulary = await elsewhere.vocabulary();
    if (vocabulary !== null) return vocabulary;
    const { engineName, model, address } = elsewhere.snapshot().other;
    throw new RequestError(
      "INVALID_INPUT",
      `${engineName} answers now, and only it knows the vocabulary of ${model}: ask ${address}.`,
    );
  }

  /** A measurement in a quiet moment does not count as an answer: a request gets the engine at once. */
  #asAsked(snapshot: EngineSnapshot): EngineSnapshot {
    const isMeasuring = snapshot.state === "generating" && this.#slot.isLentQuietly;
    return isMeasuring ? { ...snapshot, state: "loaded", answering: 0 } : snapshot;
  }

  #speculation(): SpeculationChoice | undefined {
    const { config } = this.options.engine.snapshot();
    const choice = config === null ? undefined : this.options.speculationOf?.(config);
    const useless = this.options.drafts?.useless ?? null;
    return choice === undefined || useless === null ? choice : { ...choice, reason: `${choice.reason} ${useless}` };
  }

  #kept(request: GenerateRequest): GenerateRequest {
    const { cacheKey } = request;
    const folder = cacheKey === undefined ? null : (this.options.kvFolderOf?.(cacheKey) ?? null);
    return folder === null ? request : { ...request, keepKvIn: folder };
  }

  #speculated<Request extends GenerateRequest | CompleteRequest>(request: Request): Request {
    return this.#speculation()?.isUsed ? { ...request, speculate: true } : request;
  }

  #elsewhere(): AnsweringElsewhere | null {
    return this.options.answeringElsewhere?.() ?? null;
  }

  /** @returns the load to wait for; null when a model answers already */
  #loadUnlessServing(): Loading | null {
    const { state } = this.#slot;
    if (state.kind === "loading") return state;
    const isServing = state.kind === "serving" && this.options.engine.snapshot().config !== null;
    return isServing ? null : this.#load(this.options.readSettings(), false);
  }

  #load(settings: Settings, restart: boolean): Loading {
    return this.#slot.load({ settings, before: servingOf(this.#slot.state), restart });
  }
}
