import { readFileSync } from "node:fs";

/** What the processor can do, as Linux lists it, on x86 and on Arm. Empty where there is no such list. */
export function readCpuFlags(path = "/proc/cpuinfo"): ReadonlySet<string> {
  try {
    return new Set(/^(?:flags|Features)\s*:\s*(.+)$/m.exec(readFileSync(path, "utf8"))?.[1]?.split(" "));
  } catch {
    return new Set();
  }
}
