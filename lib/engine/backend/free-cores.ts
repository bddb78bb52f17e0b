import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Seconds of processor time since some moment in the past. */
export interface ProcessorTimes {
  readonly atS: number;
  /** Used on all cores together, by all programs. */
  readonly busyS: number;
  /** Used by this process. */
  readonly ownS: number;
  readonly cores: number;
}

/** Linux counts in hundredths of a second, whatever the kernel's own clock. @see man 5 proc_stat */
const TICKS_PER_S = 100;

/**
 * How many cores other programs leave to this one.
 *
 * llama.cpp's threads wait for each other by spinning, a few hundred times for each token. A thread that shares its core makes all
 * others wait for its turn: two threads on two busy cores reached 6 tokens a second where one thread reached 60. So there must not be
 * more threads than free cores, and the number of free cores changes from second to second.
 */
export class FreeCores {
  /** Result of the last sample. */
  latest: number;
  #last: ProcessorTimes;

  constructor(private readonly read: () => ProcessorTimes = readProcessorTimes) {
    this.#last = read();
    this.latest = this.#last.cores;
  }

  /** Measures the time since the last call. Call it about once a second. */
  sample(): number {
    const now = this.read();
    const { atS, busyS, ownS } = this.#last;
    this.#last = now;
    const othersS = Math.max(0, now.busyS - busyS - (now.ownS - ownS));
    const elapsedS = now.atS - atS;
    this.latest = elapsedS > 0 ? Math.max(0, now.cores - othersS / elapsedS) : now.cores;
    return this.latest;
  }
}

/** Threads for this many free cores: half a core or more gets a thread, and there is at least one thread. */
export const threadsFor = (freeCores: number, configuredThreads: number): number =>
  Math.max(1, Math.min(configuredThreads, Math.floor(freeCores + 0.5)));

function readProcessorTimes(): ProcessorTimes {
  const { user, system } = process.cpuUsage();
  return { atS: performance.now() / 1000, ownS: (user + system) / 1e6, ...(fromProcStat() ?? fromCpus()) };
}

type MachineTimes = Pick<ProcessorTimes, "busyS" | "cores">;

/** "cpu  user nice system idle iowait irq softirq steal ...", then a line for each core. `cpus()` reads much more of /proc. */
function fromProcStat(): MachineTimes | null {
  if (process.platform !== "linux") return null;
  try {
    const lines = readFileSync("/proc/stat", "latin1").split("\n");
    const ticks = (lines[0] ?? "").split(/\s+/).slice(1, 9).map(Number);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
    const cores = lines.filter(line => /^cpu\d/.test(line)).length;
    return cores === 0 ? null : { busyS: (user + nice + system + irq + softirq + steal) / TICKS_PER_S, cores };
  } catch {
    return null;
  }
}

function fromCpus(): MachineTimes {
  const all = cpus();
  const busyMs = all.reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return { busyS: busyMs / 1000, cores: all.length };
}
