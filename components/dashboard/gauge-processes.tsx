"use client";
import { useLive } from "@/lib/client/live-store";
import { formatBytes } from "@/lib/units/bytes";

const SHOWN = 6;

/** Shows only the last part of "/usr/lib/firefox/firefox-bin" and "C:\\Games\\game.exe". A driver without permission says "[Not Found]". */
const programName = (path: string): string =>
  path.startsWith("[") ? "unknown program" : (path.split(/[\\/]/).at(-1) ?? path);

/** Other programs that hold memory of the card, if the driver lists them. */
export function GaugeProcesses() {
  const processes = useLive(state => state.telemetry?.gpu.processes ?? null);
  if (processes === null || processes.length === 0) return null;
  const largest = [...processes].sort((a, b) => b.usedBytes - a.usedBytes);
  return (
    <ul aria-label="Programs on the card" className="flex flex-wrap gap-x-4 gap-y-1 text-ink-2 text-sm">
      {largest.slice(0, SHOWN).map(({ pid, name, usedBytes }) => (
        <li key={pid}>
          {programName(name)} <span className="text-ink">{formatBytes(usedBytes)}</span>
        </li>
      ))}
      {largest.length > SHOWN && <li className="text-ink-3">and {largest.length - SHOWN} more</li>}
    </ul>
  );
}
