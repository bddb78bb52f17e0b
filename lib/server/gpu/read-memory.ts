import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import type { SystemMemory } from "@/lib/schema/gpu-memory";
import { KIB } from "@/lib/units/bytes";

/** "MemAvailable": what a program can still get without swapping; `freemem` counts the file cache as lost. */
function availableBytes(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kib === undefined ? freemem() : Number(kib) * KIB;
  } catch {
    return freemem();
  }
}

export const readMemory = (): SystemMemory => ({ totalBytes: totalmem(), availableBytes: availableBytes() });
