import { errorReason } from "@/lib/schema/error-reason";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import type { LogWriter } from "@/lib/server/system/log";
import { systemTimers, type Timers } from "@/lib/server/system/timers";

/** The quiet time after a load or an answer: a person who wants to go on has begun to write by then. */
const IDLE_MS = 15_000;
/** An interrupted measurement is repeated at another quiet moment, but not forever. */
const MOST_ATTEMPTS = 3;

export interface WhenIdleOptions {
  readonly engine: Pick<EngineSupervisor, "snapshot" | "subscribe">;
  readonly onLog: LogWriter;
  readonly timers?: Timers;
}

/**
 * Measures something about the loaded model when the engine has been idle for a while.
 *
 * @param measure throws when somebody uses the engine, or wants it meanwhile
 * @returns a function that stops watching
 */
export function whenIdle(
  { engine, onLog, timers = systemTimers }: WhenIdleOptions,
  what: string,
  measure: (nowMs: number) => Promise<void>,
): () => void {
  let attempts = 0;
  let wasIdle = false;
  let callOff = () => {};

  const attempt = async () => {
    attempts += 1;
    try {
      await measure(timers.nowMs());
    } catch (error) {
      onLog("info", `${what} not measured: ${errorReason(error)}`);
    }
  };
  const onEngineChange = () => {
    const isIdle = engine.snapshot().state === "loaded";
    if (isIdle === wasIdle) return;
    wasIdle = isIdle;
    callOff();
    if (isIdle && attempts < MOST_ATTEMPTS) callOff = timers.after(IDLE_MS, () => void attempt());
  };
  const unsubscribe = engine.subscribe(onEngineChange);
  onEngineChange();
  return () => {
    unsubscribe();
    callOff();
  };
}
