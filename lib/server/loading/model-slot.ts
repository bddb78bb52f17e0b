import type { Settings } from "@/lib/schema/settings/settings";
import { EngineCancelledError, EngineError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { errorCodeOf } from "@/lib/server/system/error-table";
import { type AtRest, type HostState, type Loading, type Serving, servingOf } from "./host-state";
import type { LastLoaded } from "./last-loaded";
import { type FallBackOptions, loadOrFallBack } from "./load-or-fall-back";
import { untilAborted } from "./until-aborted";

export interface ModelSlotOptions extends FallBackOptions {
  readonly engine: Pick<
    EngineSupervisor,
    "snapshot" | "subscribe" | "restart" | "unload" | "announce" | "announceAgain"
  >;
  readonly lastLoaded: Pick<LastLoaded, "read" | "write">;
}

interface LoadOrder {
  readonly settings: Settings;
  /** What the user asked for last, if that is something else. */
  readonly tried?: Settings;
  readonly before: Serving | null;
  /** Starts a new engine process first. */
  readonly restart: boolean;
}

/** The engine's one place for a model: it holds the loaded model, the one being loaded, or the engine's borrower. */
export class ModelSlot {
  #state: HostState = { kind: "idle" };

  constructor(private readonly options: ModelSlotOptions) {
    options.engine.subscribe(() => this.#reloadAfterCrash());
  }

  get state(): HostState {
    return this.#state;
  }

  /** Starts loading in place of whatever was being loaded. Only allowed while the engine is not lent. */
  load({ settings, tried = settings, before, restart }: LoadOrder): Loading {
    this.#callOff("Another load was asked for.");
    const controller = new AbortController();
    // One tick later, when the state says that something is being loaded.
    const done = Promise.resolve().then(() => this.#load(settings, restart, controller));
    const loading: Loading = { kind: "loading", tried, before, controller, done };
    this.#state = loading;
    // Callers that wait for it get the error. If no caller waits, the snapshot has the reason.
    done.catch(() => {});
    return loading;
  }

  /** Records other settings that need the same load as the tried ones. */
  keepFor(settings: Settings): void {
    if ("tried" in this.#state) this.#state = { ...this.#state, tried: settings };
  }

  async unload(notice: string | null): Promise<void> {
    this.#callOff("The model is being unloaded.");
    this.#state = { kind: "unloaded" };
    await this.#emptyEngine(notice);
  }

  /**
   * Lends the engine to `work`, which may load and run anything. Everyone else waits meanwhile, and the signal fires when
   * somebody does. Afterwards the earlier model is planned and loaded again, or the engine is empty as before.
   *
   * @param notice tells those who wait what they wait for. Without one it is quiet: nobody sees that the engine is used
   * @throws EngineError BUSY while the engine is in use
   */
  async lend<Result>(work: (recall: AbortSignal) => Promise<Result>, notice?: string): Promise<Result> {
    const before = this.#state;
    if (before.kind === "lent" || before.kind === "loading" || this.#isAnswering())
      throw new EngineError("BUSY", "The engine is in use. Try again when it has finished.");
    const recall = new AbortController();
    let giveBack = () => {};
    const returned = new Promise<void>(resolve => {
      giveBack = resolve;
    });
    const isQuiet = notice === undefined;
    const { config } = this.options.engine.snapshot();
    this.#state = { kind: "lent", isQuiet, recall, returned, before };
    if (!isQuiet) this.options.engine.announce({ error: null, notice });
    try {
      return await work(recall.signal);
    } finally {
      const isAsBefore = isQuiet && config !== null && this.options.engine.snapshot().config === config;
      if (isAsBefore) this.#takeBack(before, giveBack);
      else await this.#restore(before, giveBack);
    }
  }

  get isLent(): boolean {
    return this.#state.kind === "lent";
  }

  get isLentQuietly(): boolean {
    return this.#state.kind === "lent" && this.#state.isQuiet;
  }

  /** Tells the borrower that somebody waits, and waits until the engine is back. */
  async recall(signal?: AbortSignal): Promise<void> {
    if (this.#state.kind !== "lent") return;
    this.#state.recall.abort(new EngineCancelledError("Somebody wants to use the engine."));
    await untilAborted(this.#state.returned, signal);
  }

  #isAnswering(): boolean {
    const { state, queueLength } = this.options.engine.snapshot();
    return queueLength > 0 || state === "generating" || state === "loading";
  }

  /** The borrower has loaded nothing: a load now would only empty the chats' caches. */
  #takeBack(before: AtRest, giveBack: () => void): void {
    this.#state = before;
    giveBack();
    // What was measured may have changed how it answers.
    this.options.engine.announceAgain();
  }

  /** Gives the engine back when no waiting caller can come in between. If the old model cannot be loaded, the snapshot says why. */
  async #restore(before: AtRest, giveBack: () => void): Promise<void> {
    if (before.kind !== "serving") {
      await this.#emptyEngine();
      this.#state = before;
      return giveBack();
    }
    // Not `before: serving`: what the engine holds now is the borrower's.
    const { serving, tried } = before;
    const { done } = this.load({ settings: serving.settings, tried, before: null, restart: false });
    giveBack();
    await done.catch(() => {});
  }

  #reloadAfterCrash(): void {
    const { state, config } = this.options.engine.snapshot();
    if (this.#state.kind !== "serving" || state !== "ready" || config !== null) return;
    const { serving, tried } = this.#state;
    this.load({ settings: serving.settings, tried, before: serving, restart: false });
  }

  async #emptyEngine(notice: string | null = null): Promise<void> {
    await this.options.engine.unload();
    this.options.engine.announce({ error: null, notice });
  }

  #callOff(reason: string): void {
    if (this.#state.kind === "loading") this.#state.controller.abort(new EngineCancelledError(reason));
  }

  async #load(settings: Settings, restart: boolean, controller: AbortController): Promise<void> {
    const { signal } = controller;
    try {
      signal.throwIfAborted();
      if (restart) await this.options.engine.restart();
      const serving = await loadOrFallBack(this.options, settings, () => servingOf(this.#state), signal);
      this.#loaded(serving, controller);
      if (serving.settings === settings) await this.#remember(settings);
    } catch (error) {
      this.#failed(error, controller);
      throw error;
    }
  }

  /** If a cancelled load finished anyway, the next load replaces its model. */
  #loaded(serving: Serving, controller: AbortController): void {
    if (this.#state.kind !== "loading") return;
    if (this.#state.controller !== controller) this.#state = { ...this.#state, before: serving };
    else this.#state = { kind: "serving", serving, tried: this.#state.tried };
  }

  #failed(error: unknown, controller: AbortController): void {
    if (this.#state.kind !== "loading" || this.#state.controller !== controller) return;
    const { before, tried } = this.#state;
    const isCancelled = errorCodeOf(error) === "CANCELLED";
    this.#state =
      isCancelled && before !== null ? { kind: "serving", serving: before, tried } : { kind: "failed", tried };
  }

  async #remember(settings: Settings): Promise<void> {
    await this.options.lastLoaded
      .write(settings)
      .catch(error => this.options.onLog("warn", `last settings that loaded not kept: ${error}`));
  }
}
