import type { SpeculationGain } from "@/lib/schema/plans/speculation";
import { EngineCrashedError, EngineHungError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { median } from "@/lib/units/median";
import { greedyUpTo } from "./measure-speed";
import type { ModelHost } from "./model-host";
import type { SpeculationMeter } from "./speculation-meter";
import { type WhenIdleOptions, whenIdle } from "./when-idle";

/** Every language model goes on with a list that it has seen several times. */
const REPEATED = "Monday: bread and soup\nTuesday: rice and beans\nWednesday: fish and salad\nThursday: eggs\n".repeat(
  4,
);
const USUAL =
  "The lighthouse stood at the end of a long road. Nobody had lived there for years, until one evening in autumn a woman with a";
const GENERATED_TOKENS = 48;
const REPEATS = 3;
/** On a machine where one answer takes longer than this, only one comparison is made. */
const SLOW_ANSWER_MS = 4000;

type Engine = Pick<EngineSupervisor, "snapshot" | "subscribe" | "complete">;

export interface MeasureSpeculationOptions extends WhenIdleOptions {
  readonly engine: Engine;
  readonly host: Pick<ModelHost, "borrow" | "leaveOutUselessDraft">;
  readonly meter: Pick<SpeculationMeter, "isMeasured" | "remember">;
  /** Whether SPECULATION is "auto": the other values are the user's choice. */
  isAuto(): boolean;
}

/**
 * Measures once for a model and its placement on this machine whether speculation makes its answers faster. Anyone who asks for the
 * engine meanwhile gets it at once. A draft model that gains nothing is unloaded.
 *
 * @returns a function that stops watching
 */
export const measureSpeculationWhenIdle = (options: MeasureSpeculationOptions): (() => void) =>
  whenIdle(options, "speculation", async nowMs => {
    const { engine, host, meter } = options;
    const { config } = engine.snapshot();
    if (config === null || !options.isAuto()) return;
    if (!meter.isMeasured(config))
      await host.borrow(async recall => {
        try {
          await meter.remember(config, await measureGain(engine, recall), nowMs);
        } catch (error) {
          if (isEngineLost(error)) await meter.remember(config, null, nowMs);
          throw error;
        }
      });
    await host.leaveOutUselessDraft();
  });

/** Another try would cost the loaded model again: llama.cpp ended, or one step takes longer than a request should wait. */
const isEngineLost = (error: unknown): boolean =>
  error instanceof EngineCrashedError || error instanceof EngineHungError;

/** @throws EngineError, and the signal's reason when it fires */
async function measureGain(engine: Engine, recall: AbortSignal): Promise<SpeculationGain> {
  // The first answer pays for reading the file and for compiling the backend's kernels.
  await speedOf(engine, USUAL, true, recall);
  return { repeated: await ratioOf(engine, REPEATED, recall), usual: await ratioOf(engine, USUAL, recall) };
}

/** In turns, so that other work on the computer affects both alike. */
async function ratioOf(engine: Engine, prompt: string, recall: AbortSignal): Promise<number> {
  const ratios: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const plain = await speedOf(engine, prompt, false, recall);
    const guessed = await speedOf(engine, prompt, true, recall);
    // A model that ends its answer at once has no speed.
    if (plain.tokensPerSecond > 0 && guessed.tokensPerSecond > 0)
      ratios.push(guessed.tokensPerSecond / plain.tokensPerSecond);
    if (plain.totalMs > SLOW_ANSWER_MS) break;
  }
  return median(ratios) ?? 1;
}

async function speedOf(engine: Engine, prompt: string, speculate: boolean, recall: AbortSignal) {
  recall.throwIfAborted();
  for await (const message of engine.complete({ prompt, speculate, sampling: greedyUpTo(GENERATED_TOKENS) }, recall)) {
    if (message.type !== "finished") continue;
    recall.throwIfAborted();
    return message.stats;
  }
  throw new Error("The engine ended an answer without saying how long it took.");
}
