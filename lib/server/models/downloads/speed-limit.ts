import { setTimeout as sleep } from "node:timers/promises";

/** Shares a number of bytes a second between all connections. */
export class SpeedLimit {
  bytesPerSecond: number | null = null;
  #freeAtMs = 0;

  /** Waits until these bytes, which have just come, were allowed to come. @throws the signal's reason */
  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === null) return;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes / this.bytesPerSecond) * 1000;
    // AbortSignal's own error says nothing; the reader finds the signal aborted right after this.
    await sleep(this.#freeAtMs - nowMs, undefined, { signal }).catch(() => {});
  }
}
