/** The passing of time as the engine supervisor sees it; tests pass a clock of their own. */
export interface Timers {
  nowMs(): number;
  /** Runs once after the delay; the returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** None of these timers keeps a process alive: a command line that is done may end. */
export const systemTimers: Timers = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
