import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { systemTimers, type Timers } from "@/lib/server/system/timers";

/** Anything that makes dry runs. */
export type DryRunEngine = Pick<EngineSupervisor, "fillSurface" | "dryRun">;

/** A page that plans asks again and again. After this time without a question the child ends and its memory is freed. */
const IDLE_MS = 10_000;

interface SpareDryRunEngineOptions {
  /** The engine that people chat with. */
  readonly main: DryRunEngine & Pick<EngineSupervisor, "snapshot">;
  /** A second engine, whose crash does no harm. */
  readonly spare: DryRunEngine & Pick<EngineSupervisor, "unload">;
  readonly timers?: Timers;
}

/**
 * Dry runs for plans that are only shown. llama.cpp can abort in a dry run and end its process. While a model is loaded or loading,
 * they therefore run in a child of their own, which ends when nobody has asked for a while.
 */
export class SpareDryRunEngine implements DryRunEngine {
  readonly #timers: Timers;
  #working = 0;
  #callOffEnd: (() => void) | null = null;

  constructor(private readonly options: SpareDryRunEngineOptions) {
    this.#timers = options.timers ?? systemTimers;
  }

  fillSurface(...args: Parameters<DryRunEngine["fillSurface"]>): ReturnType<DryRunEngine["fillSurface"]> {
    return this.#run(engine => engine.fillSurface(...args));
  }

  dryRun(...args: Parameters<DryRunEngine["dryRun"]>): ReturnType<DryRunEngine["dryRun"]> {
    return this.#run(engine => engine.dryRun(...args));
  }

  /** Frees the spare child's memory now, also on the card, before a load is planned with the free memory. */
  async end(): Promise<void> {
    this.#callOffEnd?.();
    this.#callOffEnd = null;
    await this.options.spare.unload();
  }

  async #run<Answer>(ask: (engine: DryRunEngine) => Promise<Answer>): Promise<Answer> {
    const { main, spare } = this.options;
    const { config, state } = main.snapshot();
    if (config === null && state !== "loading" && state !== "generating") return ask(main);
    this.#callOffEnd?.();
    this.#working += 1;
    try {
      return await ask(spare);
    } catch (error) {
      // A crashed child would restart by itself, although no one needs it.
      if (this.#working === 1) await spare.unload();
      throw error;
    } finally {
      this.#working -= 1;
      if (this.#working === 0) this.#callOffEnd = this.#timers.after(IDLE_MS, () => void this.end());
    }
  }
}
