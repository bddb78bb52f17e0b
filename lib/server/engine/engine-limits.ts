import type { CrashLimits } from "./crash-breaker";
import type { ChildLimits } from "./engine-child";

export interface EngineLimits extends ChildLimits, CrashLimits {
  /** A cancelled command that still runs after this time is stuck in native code: only ending the child helps. */
  readonly cancelLimitMs: number;
  /** How many requests may wait. Further ones are refused as QUEUE_FULL. */
  readonly waitingRequests: number;
  /** A program's request that had no turn for so long is refused as BUSY. A person sees the place in the queue, and leaves or waits. */
  readonly waitLimitMs: number;
}

/** Silence of 8 s, counted each second, is noticed within 10 s. OpenAI's clients give up after ten minutes: one minute less tells them why. */
export const engineLimits: EngineLimits = {
  watchIntervalMs: 1000,
  silentIntervals: 8,
  silentIntervalsAtStart: 60,
  killAfterMs: 2000,
  backOffMs: [500, 2000, 8000],
  crashes: 3,
  windowMs: 60_000,
  cancelLimitMs: 30_000,
  waitingRequests: 64,
  waitLimitMs: 9 * 60_000,
};
