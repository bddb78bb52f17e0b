"use client";
import { useLive } from "@/lib/client/live-store";
import { useMeasuredMemory } from "./use-measured-memory";

/** "live · Quadro P4000 · 41 °C · 12 % · 35 W", of fixed width so that nothing jumps; what is unknown is left out. */
export function GpuReadings() {
  const gpu = useLive(state => state.telemetry?.gpu ?? null);
  const measured = useMeasuredMemory();
  if (gpu === null) return <span>not read yet</span>;
  if (measured === null) return <span className="font-semibold text-warn">{gpu.reason ?? "cannot be read now"}</span>;
  const age = measured.isStale ? `stale, last read ${new Date(gpu.readAtMs).toLocaleTimeString("en-GB")}` : "live";
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <span className={measured.isStale ? "font-semibold text-warn" : "text-good"}>{age}</span>
      {gpu.memory && <span>{gpu.memory.name}</span>}
      {gpu.utilizationPercent !== null && <Reading value={gpu.utilizationPercent} unit="%" name="utilization" />}
      {gpu.temperatureCelsius !== null && <Reading value={gpu.temperatureCelsius} unit="°C" name="temperature" />}
      {gpu.powerWatts !== null && <Reading value={gpu.powerWatts} unit="W" name="power" />}
    </span>
  );
}

function Reading({ value, unit, name }: { readonly value: number; readonly unit: string; readonly name: string }) {
  return (
    <span title={name} className="min-w-10 text-right">
      {Math.round(value)} {unit}
    </span>
  );
}
