import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { systemTimers, type Timers } from "@/lib/server/system/timers";

/** What makes dry runs. */
export type DryRunEngine = Pick<EngineSupervisor, "sampleSurface" | "dryRun">;

/** A page that plans asks again and again; after this it rests, and the child's memory goes back. */
const IDLE_MS = 10_000;

interface SpareDryRunEngineOptions {
  /** The engine that people chat with. */
  readonly main: DryRunEngine & Pick<EngineSupervisor, "snapshot">;
  /** Another of the kind, whose child nobody misses. */
  readonly spare: DryRunEngine & Pick<EngineSupervisor, "unload">;
  readonly timers?: Timers;
}

/**
 * Dry runs for plans that are only shown. llama.cpp can abort in one and end its process: while a model is loaded or loading,
 * they are made in a child of their own, which lives as long as somebody asks.
 */
export class SpareDryRunEngine implements DryRunEngine {
  readonly #timers: Timers;
  #working = 0;
  #callOffEnd: (() => void) | null = null;

  constructor(private readonly options: SpareDryRunEngineOptions) {
    this.#timers = options.timers ?? systemTimers;
  }

  sampleSurface(...args: Parameters<DryRunEngine["sampleSurface"]>): ReturnType<DryRunEngine["sampleSurface"]> {
    return this.#run(engine => engine.sampleSurface(...args));
  }

  dryRun(...args: Parameters<DryRunEngine["dryRun"]>): ReturnType<DryRunEngine["dryRun"]> {
    return this.#run(engine => engine.dryRun(...args));
  }

  /** Gives the memory of the spare child back now, on the card as well: before a load is planned with what is free. */
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
      // A child that crashed would be started again by itself, for nobody.
      if (this.#working === 1) await spare.unload();
      throw error;
    } finally {
      this.#working -= 1;
      if (this.#working === 0) this.#callOffEnd = this.#timers.after(IDLE_MS, () => void this.end());
    }
  }
}
