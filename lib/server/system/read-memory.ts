import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import type { BesideModel, SystemMemory } from "@/lib/schema/plans/gpu-memory";
import { KIB } from "@/lib/units/bytes";

/** Bytes of one line ("MemAvailable:  23480000 kB") of a file below /proc; null if there is no such file or line. */
function procBytes(path: string, name: string): number | null {
  try {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(path, "utf8"))?.[1];
    return kib === undefined ? null : Number(kib) * KIB;
  } catch {
    return null;
  }
}

/** "RssAnon": without the pages of mapped files, which the system counts as available. */
const anonymousBytes = (pid: number): number | null => procBytes(`/proc/${pid}/status`, "RssAnon");

/**
 * "MemAvailable": the memory a program can still get without swapping. `freemem` counts the file cache as lost.
 *
 * @param enginePid the process whose memory a reload gives back; null while no engine runs
 * @param beside what is loaded into it beside the model
 */
export function readMemory(enginePid: number | null = null, beside: readonly BesideModel[] = []): SystemMemory {
  const heldByEngineBytes = enginePid === null ? 0 : anonymousBytes(enginePid);
  return {
    totalBytes: totalmem(),
    availableBytes: procBytes("/proc/meminfo", "MemAvailable") ?? freemem(),
    ...(heldByEngineBytes !== null && { heldByEngineBytes }),
    ...(beside.length > 0 && { beside: [...beside] }),
  };
}
