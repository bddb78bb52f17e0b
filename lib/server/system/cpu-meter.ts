import { cpus } from "node:os";

interface CpuTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

function readTimes(): CpuTimes {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const allMs = times.user + times.nice + times.sys + times.irq + times.idle;
    totalMs += allMs;
    busyMs += allMs - times.idle;
  }
  return { busyMs, totalMs };
}

/** Load of all cores together since the last call, 0 to 100; null the first time. */
export class CpuMeter {
  #last: CpuTimes | null = null;

  percent(): number | null {
    const last = this.#last;
    const now = readTimes();
    this.#last = now;
    if (last === null || now.totalMs <= last.totalMs) return null;
    return (100 * (now.busyMs - last.busyMs)) / (now.totalMs - last.totalMs);
  }
}
