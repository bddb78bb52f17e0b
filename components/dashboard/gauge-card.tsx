"use client";
import { memo } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { CardGauges, LiveCardFigures } from "@/components/vram/memory/card-gauges";
import { MemoryFigures } from "@/components/vram/memory/memory-figures";
import { MemoryGauge } from "@/components/vram/memory/memory-gauge";
import { partBytes } from "@/components/vram/memory/memory-parts";
import { useLive } from "@/lib/client/live-store";
import { chooseCard } from "@/lib/client/planning/card-store";
import { usePlanView } from "@/lib/client/planning/plan-store";
import type { CardReading, GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { formatBytes } from "@/lib/units/bytes";
import { GaugeHistory } from "./gauge-history";
import { NoGpu } from "./no-gpu";
import { useMeasuredMemory } from "./use-measured-memory";

const noCards: readonly CardReading[] = [];

/** The card's memory: what the plan would use, and what is used now. */
export const GaugeCard = memo(function GaugeCard() {
  const view = usePlanView();
  const measured = useMeasuredMemory();
  const cards = useLive(state => state.telemetry?.gpu.cards ?? noCards);
  if (view?.gpu == null) return null;
  const { gpu, plan, settings, isAssumed } = view;
  const { totalBytes } = gpu;
  const planned = partBytes(plan.predicted, gpu.usedByOthersBytes);
  const targetBytes = settings.TARGET_VRAM_USAGE * totalBytes;
  const now = isAssumed ? null : measured;
  const areSeveral = now !== null && cards.length > 1;
  return (
    <Card heading="GPU memory" aside={isAssumed ? `planned for ${gpu.name}, not this computer` : <GpuReadings />}>
      <MemoryGauge
        label="GPU memory"
        totalBytes={totalBytes}
        targetBytes={targetBytes}
        rows={[
          { name: "Plan", bytes: planned },
          ...(now === null || areSeveral ? [] : [{ name: "Now", bytes: now.bytes, isStale: now.isStale }]),
        ]}
      />
      {areSeveral && (
        <CardGauges cards={cards} planned={plan.cards} targetShare={settings.TARGET_VRAM_USAGE} isStale={now.isStale} />
      )}
      <MemoryFigures planned={planned} now={now?.bytes ?? null} totalBytes={totalBytes} />
      {now !== null && (
        <div className="mt-3 flex flex-col gap-2">
          <GaugeHistory totalBytes={totalBytes} targetBytes={targetBytes} />
          <GaugeProcesses />
        </div>
      )}
      <NoGpu>
        <Button size="sm" onClick={() => chooseCard(false)}>
          Plan for this computer
        </Button>
      </NoGpu>
    </Card>
  );
});

const SHOWN = 6;

/** Shows only the last part of "/usr/lib/firefox/firefox-bin" and "C:\\Games\\game.exe". A driver without permission says "[Not Found]". */
const programName = (path: string): string =>
  path.startsWith("[") ? "unknown program" : (path.split(/[\\/]/).at(-1) ?? path);

/** Other programs that hold memory of the card, if the driver lists them. */
function GaugeProcesses() {
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

const sourceWords: Record<GpuMemory["source"], string> = {
  "nvidia-smi": "from nvidia-smi",
  kernel: "from the system",
  engine: "from llama.cpp",
  assumed: "assumed",
};

/**
 * "live from nvidia-smi · Quadro P4000 · 12 % busy · 41 °C · 35 W". For several cards it says only how many, because each has its figures at its own bar.
 */
function GpuReadings() {
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
      {card !== undefined && !isSeveral && <LiveCardFigures card={card} />}
    </span>
  );
}
