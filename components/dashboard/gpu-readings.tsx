"use client";
import { CardFigures } from "@/components/vram/card-gauges";
import { useLive } from "@/lib/client/live-store";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { useMeasuredMemory } from "./use-measured-memory";

const sourceWords: Record<GpuMemory["source"], string> = {
  "nvidia-smi": "from nvidia-smi",
  kernel: "from the system",
  engine: "from llama.cpp",
  assumed: "assumed",
};

/**
 * "live from nvidia-smi · Quadro P4000 · 12 % busy · 41 °C · 35 W". Of several cards only their number: each has its figures at its own bar.
 */
export function GpuReadings() {
  const gpu = useLive(state => state.telemetry?.gpu ?? null);
  const measured = useMeasuredMemory();
  if (gpu === null) return <span>not read yet</span>;
  if (measured === null) return <span className="font-semibold text-warn">{gpu.reason ?? "cannot be read now"}</span>;
  const age = measured.isStale ? `stale, last read ${new Date(gpu.readAtMs).toLocaleTimeString("en-GB")}` : "live";
  const [card] = gpu.cards;
  const isSeveral = gpu.cards.length > 1;
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <span className={measured.isStale ? "font-semibold text-warn" : "font-semibold text-good"}>{age}</span>
      {gpu.memory && (
        <span>
          {sourceWords[gpu.memory.source]} · {isSeveral ? `${gpu.cards.length} cards` : gpu.memory.name}
        </span>
      )}
      {card === undefined && gpu.memory?.note !== undefined && <span>not known which card</span>}
      {card !== undefined && !isSeveral && <CardFigures card={card} />}
    </span>
  );
}
