"use client";
import { memo } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { CardGauges } from "@/components/vram/card-gauges";
import { MemoryFigures } from "@/components/vram/memory-figures";
import { MemoryGauge } from "@/components/vram/memory-gauge";
import { partBytes } from "@/components/vram/memory-parts";
import { chooseCard } from "@/lib/client/card-store";
import { useLive } from "@/lib/client/live-store";
import { usePlanView } from "@/lib/client/plan-store";
import type { CardReading } from "@/lib/schema/gpu-memory";
import { GaugeHistory } from "./gauge-history";
import { GaugeProcesses } from "./gauge-processes";
import { GpuReadings } from "./gpu-readings";
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
