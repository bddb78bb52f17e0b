/** Time as the engine supervisor sees it. Tests pass their own clock. */
export interface Timers {
  nowMs(): number;
  /** Runs once after the delay; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** None of these timers keeps a process alive: a finished command may end. */
export const systemTimers: Timers = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** True for this long after the first call, whatever came before. */
export function timeFromFirstUse(limitMs: number): () => boolean {
  let endsAtMs: number | null = null;
  return () => {
    endsAtMs ??= performance.now() + limitMs;
    return performance.now() <= endsAtMs;
  };
}
