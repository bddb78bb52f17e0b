import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** How many cores other programs use, from the processor time that all programs took less that of this process. */
export function countedSeconds() {
  const ticks = (readFileSync("/proc/stat", "latin1").split("\n")[0] ?? "").split(/\s+/).slice(1, 9).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  const own = process.cpuUsage();
  const now = {
    atS: performance.now() / 1000,
    othersS: (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND - (own.user + own.system) / 1e6,
  };
  return {
    ...now,
    othersCoresSince: (before: { readonly atS: number; readonly othersS: number }): number =>
      Math.max(0, now.othersS - before.othersS) / Math.max(0.001, now.atS - before.atS),
  };
}
