import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { KIB } from "@/lib/units/bytes";

/** Linux counts CPU time in these (USER_HZ); the value is part of its ABI. */
const TICKS_PER_SECOND = 100;

export interface ProcessUsage {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** The most since it began, or since `forgetPeak`. */
  readonly peakRssBytes: number;
}

/** The peak of a process counts from now on. @see man 5 proc, clear_refs */
export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5");

/** CPU time and memory of a process and of everything it started, from /proc. */
export function usageOfTree(rootPid: number): ProcessUsage[] {
  const all = readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => usageOf(Number(name)));
  const tree = new Set([rootPid]);
  // A child's id is not always higher than its parent's, so search until none is added.
  for (let size = 0; size < tree.size; ) {
    size = tree.size;
    for (const { pid, parentPid } of all) if (tree.has(parentPid)) tree.add(pid);
  }
  return all.filter(({ pid }) => tree.has(pid));
}

/** Empty for a process that has just ended. */
export function usageOf(pid: number): ProcessUsage[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command is in parentheses and may contain any character. State, parent and the other fields follow the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytesOf = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * KIB;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean).join(" ");
    return [
      {
        pid,
        parentPid: Number(fields[1]),
        command,
        cpuMs: (ticks * 1000) / TICKS_PER_SECOND,
        rssBytes: bytesOf("VmRSS"),
        peakRssBytes: bytesOf("VmHWM"),
      },
    ];
  } catch {
    return [];
  }
}
