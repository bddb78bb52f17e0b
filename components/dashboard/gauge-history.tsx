"use client";
import { useMemo } from "react";
import { type MemoryMoment, MemorySparkline } from "@/components/vram/memory/memory-sparkline";
import { HISTORY_LENGTH, useLive } from "@/lib/client/live-store";
import type { Telemetry } from "@/lib/schema/live-events";
import { formatGib } from "@/lib/units/bytes";

const SPAN_MS = HISTORY_LENGTH * 1000;

/** Another source may report another total. Its readings cannot be drawn to the same scale. */
function momentsOf(history: readonly Telemetry[], totalBytes: number): MemoryMoment[] {
  return history.flatMap(({ atMs, gpu }) =>
    gpu.memory?.totalBytes !== totalBytes
      ? []
      : [{ atMs, othersBytes: gpu.memory.usedByOthersBytes, engineBytes: gpu.memory.heldByEngineBytes }],
  );
}

interface GaugeHistoryProps {
  readonly totalBytes: number;
  readonly targetBytes: number;
}

/** The last three minutes of the card. */
export function GaugeHistory({ totalBytes, targetBytes }: GaugeHistoryProps) {
  const history = useLive(state => state.history);
  const moments = useMemo(() => momentsOf(history, totalBytes), [history, totalBytes]);
  const last = moments.at(-1);
  if (last === undefined || moments.length < 2) return null;
  return (
    <div>
      <MemorySparkline moments={moments} totalBytes={totalBytes} targetBytes={targetBytes} spanMs={SPAN_MS} />
      <p className="mt-1 flex justify-between text-ink-3 text-xs">
        <span>last 3 minutes: others hatched, Headroom on top</span>
        <span>now {formatGib(last.othersBytes + last.engineBytes)} in use</span>
      </p>
    </div>
  );
}
