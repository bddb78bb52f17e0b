import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MIB } from "@/lib/units/bytes";

/**
 * Beside an answer. llama.cpp's threads wait for each other many times for each token, so a core that is shared slows all of them, and
 * half a core that is missing costs the engine a thread. Fetching, writing and hashing take 1.5 to 3 ms a MiB: at most a fortieth of
 * each core.
 */
const BESIDE_ANSWERS_BYTES_PER_SECOND = 8 * MIB * availableParallelism();

/** Bytes come in bursts of this time: each time the download wakes up, it takes a core from whoever computes there. */
const BURST_MS = 200;

/** What decides how fast a download may be. */
export interface Allowance {
  /** The limit that a person has set; null for none. */
  readonly bytesPerSecond: number | null;
  /** Whether an answer is being generated. */
  readonly isAnswering: boolean;
}

/** Holds all connections of a download together to what is allowed at each moment. */
export class Pacer {
  #freeAtMs = 0;

  constructor(readonly allowance: () => Allowance) {}

  get bytesPerSecond(): number | null {
    return this.allowance().bytesPerSecond;
  }

  /** Bytes a second that are allowed now. */
  get #allowed(): number {
    const { bytesPerSecond, isAnswering } = this.allowance();
    const beside = isAnswering ? BESIDE_ANSWERS_BYTES_PER_SECOND : Number.POSITIVE_INFINITY;
    return Math.min(bytesPerSecond ?? Number.POSITIVE_INFINITY, beside);
  }

  /** Whether the present speed may be less than the line's. */
  get isHolding(): boolean {
    return Number.isFinite(this.#allowed);
  }

  /**
   * Counts bytes that have just come.
   *
   * @returns what to wait for before the next ones, or null. It ends early when the signal does, and never rejects.
   */
  spend(bytes: number, signal: AbortSignal): Promise<unknown> | null {
    const waitMs = (bytes / this.#allowed) * 1000;
    if (waitMs === 0) return null;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + waitMs;
    if (this.#freeAtMs - nowMs < BURST_MS) return null;
    // AbortSignal's own error says nothing; the reader finds the signal aborted right after this.
    return sleep(this.#freeAtMs - nowMs, undefined, { signal }).catch(() => {});
  }
}
