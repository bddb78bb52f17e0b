"use client";
import { useLive } from "@/lib/client/live-store";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { useMeasuredMemory } from "./use-measured-memory";

const sourceWords: Record<GpuMemory["source"], string> = {
  "nvidia-smi": "from nvidia-smi",
  kernel: "from the system",
  engine: "from llama.cpp",
  assumed: "assumed",
};

/** "live from nvidia-smi · Quadro P4000 · 12 % busy · 41 °C · 35 W", with a fixed width so that nothing jumps. Unknown values are left out. */
export function GpuReadings() {
  const gpu = useLive(state => state.telemetry?.gpu ?? null);
  const measured = useMeasuredMemory();
  if (gpu === null) return <span>not read yet</span>;
  if (measured === null) return <span className="font-semibold text-warn">{gpu.reason ?? "cannot be read now"}</span>;
  const age = measured.isStale ? `stale, last read ${new Date(gpu.readAtMs).toLocaleTimeString("en-GB")}` : "live";
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <span className={measured.isStale ? "font-semibold text-warn" : "font-semibold text-good"}>{age}</span>
      {gpu.memory && (
        <span>
          {sourceWords[gpu.memory.source]} · {gpu.memory.name}
        </span>
      )}
      <Reading value={gpu.utilizationPercent} unit="% busy" width="min-w-16" />
      <Reading value={gpu.temperatureCelsius} unit="°C" width="min-w-10" />
      <Reading value={gpu.powerWatts} unit="W" width="min-w-10" />
    </span>
  );
}

interface ReadingProps {
  readonly value: number | null;
  readonly unit: string;
  readonly width: string;
}

function Reading({ value, unit, width }: ReadingProps) {
  if (value === null) return null;
  return (
    <span className={`${width} text-right tabular-nums`}>
      {Math.round(value)} {unit}
    </span>
  );
}
