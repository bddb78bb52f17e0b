import type { Timers } from "@/lib/server/system/timers";

interface PendingTimer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. */
export class ManualTimers implements Timers {
  #nowMs = 0;
  #pending: PendingTimer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, run };
    this.#pending.push(timer);
    return () => {
      this.#pending = this.#pending.filter(other => other !== timer);
    };
  }

  /** Runs the due timers in order, and lets promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (let timer = this.#nextDue(untilMs); timer !== undefined; timer = this.#nextDue(untilMs)) {
      this.#nowMs = timer.dueMs;
      this.#pending = this.#pending.filter(other => other !== timer);
      timer.run();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #nextDue(untilMs: number): PendingTimer | undefined {
    const due = this.#pending.filter(timer => timer.dueMs <= untilMs);
    return due.reduce<PendingTimer | undefined>(
      (first, timer) => (first === undefined || timer.dueMs < first.dueMs ? timer : first),
      undefined,
    );
  }
}

/** Resolves after everything that is already decided. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
