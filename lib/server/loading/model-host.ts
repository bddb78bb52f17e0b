import { changeCost } from "@/lib/plan/change-cost";
import type { LayerPlan } from "@/lib/plan/layer-plan";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { LoadConfig, LoadCost } from "@/lib/schema/load-config";
import type { Settings } from "@/lib/schema/settings";
import { EngineCancelledError, EngineError } from "@/lib/server/engine/engine-errors";
import type {
  CompleteRequest,
  EngineSupervisor,
  GenerateRequest,
  GenerationMessage,
} from "@/lib/server/engine/engine-supervisor";
import type { Planner } from "@/lib/server/planning/planner";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import type { LastLoaded } from "./last-loaded";
import { sameLoad, withLoadOf } from "./load-settings";
import type { ModelLoader } from "./model-loader";

export interface ModelHostOptions {
  readonly engine: EngineSupervisor;
  readonly planner: Pick<Planner, "planFor" | "configOf">;
  readonly loader: Pick<ModelLoader, "load">;
  readonly lastLoaded: Pick<LastLoaded, "read" | "write">;
  readSettings(): Settings;
  /** Every finished answer, with its times. */
  onAnswered?(stats: GenerationStats): void;
  onLog(level: "warn" | "info", text: string): void;
}

export interface SettingsChange {
  readonly cost: LoadCost;
  readonly plan: LayerPlan;
}

/** What answers now: from which settings, and how it was planned before anything was lowered. */
interface Serving {
  readonly settings: Settings;
  readonly planned: LoadConfig;
}

interface LoadTask {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

/** The engine is somebody else's for a while. */
interface Loan {
  /** Fires when anyone asks for the engine meanwhile. */
  readonly wanted: AbortController;
  readonly returned: Promise<void>;
}

/**
 * Keeps the settings' model loaded: on first use, after a change that needs it, and after a crash. What cannot be
 * loaded is told, and what worked last is used instead.
 */
export class ModelHost {
  #task: LoadTask | null = null;
  #loan: Loan | null = null;
  #serving: Serving | null = null;
  /** Settings that were tried last, whether or not they worked: they are not tried again by themselves. */
  #tried: Settings | null = null;
  /** The user took the model out; a request or a load brings it back, a changed setting does not. */
  #unloaded = false;

  #changesAsked = 0;

  constructor(private readonly options: ModelHostOptions) {
    options.engine.subscribe(() => this.#reloadAfterCrash());
  }

  /**
   * Waits until a model can answer.
   *
   * @throws EngineError, ModelFileError, GgufFormatError when none can
   */
  async ensureLoaded(signal?: AbortSignal): Promise<void> {
    if (this.#loan !== null) await this.#atHome(signal);
    for (;;) {
      const task = this.#task ?? (this.#isServing() ? null : this.#try(this.options.readSettings()));
      if (task === null) return;
      try {
        await untilAborted(task.done, signal);
        return;
      } catch (error) {
        const isReplaced = this.#task !== null && this.#task !== task;
        if (signal?.aborted || !isReplaced) throw error;
      }
    }
  }

  /** What going to these settings would cost, without paying it. */
  async costOf(settings: Settings): Promise<SettingsChange> {
    const outcome = await this.options.planner.planFor(settings);
    const { plan } = outcome;
    if (this.#tried !== null && sameLoad(this.#tried, settings)) return { cost: "nothing", plan };
    const wanted = this.options.planner.configOf(outcome, settings);
    return { cost: changeCost(this.#serving?.planned ?? null, wanted), plan };
  }

  /**
   * Does what the change needs and no more: nothing, a new context, or a new load. Resolves when it is done, also when
   * it ended with other settings than these: the engine's snapshot says so.
   *
   * @throws ModelFileError, GgufFormatError for a model that cannot be planned; what is loaded stays
   */
  async apply(settings: Settings): Promise<SettingsChange> {
    // Planning reads files and takes its time: what counts is which change was asked for last, not which is planned last.
    this.#changesAsked += 1;
    const turn = this.#changesAsked;
    if (this.#loan !== null) await this.#atHome();
    const change = await this.costOf(settings).catch(error => {
      this.#tellFailure(error);
      throw error;
    });
    if (this.#unloaded || turn !== this.#changesAsked) return change;
    if (change.cost !== "nothing") await this.#tryFresh(settings);
    else this.#tried = settings;
    return change;
  }

  /** Loads the settings' model in a new engine process, also after the engine had given up. An answer in progress is cut. */
  async reload(): Promise<void> {
    if (this.#loan !== null) await this.#atHome();
    this.#task?.controller.abort();
    this.#serving = null;
    await this.options.engine.restart();
    await this.#try(this.options.readSettings()).done;
  }

  snapshot(): EngineSnapshot {
    return this.options.engine.snapshot();
  }

  async unload(): Promise<void> {
    if (this.#loan !== null) await this.#atHome();
    this.#unloaded = true;
    this.#serving = null;
    this.#tried = null;
    this.#task?.controller.abort();
    await this.options.engine.unload();
    this.options.engine.tell({ error: null, notice: null });
  }

  /**
   * Lends the engine to `work`, which may load and run what it likes. Everyone else waits meanwhile, and `wanted` tells
   * that somebody does; afterwards what served is planned and loaded again, or the engine is empty as it was.
   *
   * @param notice tells those who wait what for
   * @throws EngineError BUSY while the engine is in use
   */
  async borrow<Result>(work: (wanted: AbortSignal) => Promise<Result>, notice?: string): Promise<Result> {
    if (this.#isBusy()) throw new EngineError("BUSY", "The engine is in use. Try again when it has finished.");
    const wanted = new AbortController();
    let giveBack = () => {};
    const returned = new Promise<void>(resolve => {
      giveBack = resolve;
    });
    this.#loan = { wanted, returned };
    if (notice !== undefined) this.options.engine.tell({ error: null, notice });
    try {
      return await work(wanted.signal);
    } finally {
      await this.#restore(giveBack);
    }
  }

  async *generate(request: GenerateRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined> {
    await this.ensureLoaded(signal);
    for await (const message of this.options.engine.generate(request, signal)) {
      if (message.type === "finished") this.options.onAnswered?.(message.stats);
      yield message;
    }
  }

  async *complete(request: CompleteRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined> {
    await this.ensureLoaded(signal);
    yield* this.options.engine.complete(request, signal);
  }

  /** Tokens that these turns take in the loaded model's template. */
  async count(turns: ChatTurn[]): ReturnType<EngineSupervisor["count"]> {
    await this.ensureLoaded();
    return this.options.engine.count(turns);
  }

  #isBusy(): boolean {
    const { state, queueLength } = this.options.engine.snapshot();
    return (
      this.#loan !== null || this.#task !== null || queueLength > 0 || state === "generating" || state === "loading"
    );
  }

  /** Waits until the engine is not lent to anyone. */
  async #atHome(signal?: AbortSignal): Promise<void> {
    while (this.#loan !== null) {
      this.#loan.wanted.abort(new EngineCancelledError("Somebody wants to use the engine."));
      await untilAborted(this.#loan.returned, signal);
    }
  }

  /** Ends the loan once those who wait cannot come between. What keeps the old model from loading is in the snapshot. */
  async #restore(giveBack: () => void): Promise<void> {
    const serving = this.#serving;
    if (serving === null) {
      await this.options.engine.unload();
      this.options.engine.tell({ error: null, notice: null });
    }
    this.#loan = null;
    const task = serving === null ? null : this.#begin(serving.settings);
    giveBack();
    await task?.done.catch(() => {});
  }

  #isServing(): boolean {
    return this.#serving !== null && this.options.engine.snapshot().config !== null;
  }

  async #tryFresh(settings: Settings): Promise<void> {
    if (this.options.engine.snapshot().state === "failed") await this.options.engine.restart();
    await this.#try(settings).done;
  }

  #try(settings: Settings): LoadTask {
    this.#tried = settings;
    this.#unloaded = false;
    return this.#begin(settings);
  }

  /** Starts loading in place of whatever was being loaded. */
  #begin(settings: Settings): LoadTask {
    this.#task?.controller.abort();
    const controller = new AbortController();
    const done = this.#load(settings, controller.signal).finally(() => {
      if (this.#task === task) this.#task = null;
    });
    const task: LoadTask = { controller, done };
    this.#task = task;
    // Who waits for it is told. A load that nobody waits for has said what went wrong in the snapshot.
    done.catch(() => {});
    return task;
  }

  async #load(settings: Settings, signal: AbortSignal): Promise<void> {
    try {
      const { planned, lowered } = await this.options.loader.load(settings, signal);
      this.#serving = { settings, planned };
      this.options.engine.tell({ error: null, notice: lowered });
      await this.#remember(settings);
    } catch (error) {
      if (signal.aborted || errorCodeOf(error) === "CANCELLED") throw error;
      this.#tellFailure(error);
      await this.#fallBack(settings, error, signal);
    }
  }

  /** @throws the error of the failed load when there is nothing to go back to */
  async #fallBack(failed: Settings, error: unknown, signal: AbortSignal): Promise<void> {
    if (this.#isServing()) return this.#tellFailure(error, "The model that was loaded before stays in use.");
    const last = await this.options.lastLoaded.read();
    if (last === null) throw error;
    const settings = withLoadOf(failed, last);
    if (sameLoad(settings, failed)) throw error;
    if (this.options.engine.snapshot().state === "failed") await this.options.engine.restart();
    const { planned, lowered } = await this.options.loader.load(settings, signal).catch(() => {
      throw error;
    });
    this.#serving = { settings, planned };
    const wentBack = `${settings.MODEL} is loaded with the settings that worked last.`;
    this.#tellFailure(error, lowered === null ? wentBack : `${wentBack} ${lowered}`);
  }

  #reloadAfterCrash(): void {
    const { state, config } = this.options.engine.snapshot();
    if (this.#loan !== null || this.#serving === null || this.#task !== null || state !== "ready" || config !== null)
      return;
    this.#begin(this.#serving.settings);
  }

  #tellFailure(error: unknown, notice: string | null = null): void {
    this.options.onLog("warn", `the model could not be loaded: ${error instanceof Error ? error.message : error}`);
    this.options.engine.tell({ error: errorAnswer(error).body, notice });
  }

  async #remember(settings: Settings): Promise<void> {
    await this.options.lastLoaded
      .write(settings)
      .catch(error => this.options.onLog("warn", `last settings that loaded not kept: ${error}`));
  }
}

async function untilAborted(done: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return done;
  const cancelled = new EngineCancelledError("Cancelled while the model was being loaded.");
  if (signal.aborted) throw cancelled;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled);
  });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
