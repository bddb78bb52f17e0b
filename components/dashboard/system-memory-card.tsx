"use client";
import { memo } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { MemoryFigures } from "@/components/vram/memory-figures";
import { MemoryGauge } from "@/components/vram/memory-gauge";
import { partBytes } from "@/components/vram/memory-parts";
import { chooseCard } from "@/lib/client/card-store";
import { useEngine, useLive } from "@/lib/client/live-store";
import { usePlan } from "@/lib/client/plan-store";
import { NoGpu } from "./no-gpu";

/** Without a GPU the model lives in system memory: what the plan takes of it, and why there is no GPU. */
export const SystemMemoryCard = memo(function SystemMemoryCard() {
  const plan = usePlan();
  const memory = useLive(state => state.telemetry?.memory ?? null);
  const isLoaded = useEngine()?.config != null;
  if (plan === null) return null;
  const usedBytes = memory === null ? 0 : memory.totalBytes - memory.availableBytes;
  // What is loaded is in use already: planned beside it, it would count twice.
  const othersBytes = isLoaded ? Math.max(0, usedBytes - plan.ram.totalBytes) : usedBytes;
  const planned = partBytes(plan.ram, othersBytes);
  return (
    <Card heading="System memory" aside={memory === null ? "not read yet" : "live"}>
      {memory !== null && (
        <>
          <MemoryGauge totalBytes={memory.totalBytes} targetBytes={null} rows={[{ name: "Plan", bytes: planned }]} />
          <MemoryFigures planned={planned} now={null} totalBytes={memory.totalBytes} />
        </>
      )}
      <NoGpu>
        <Button size="sm" onClick={() => chooseCard(true)}>
          Plan for another card
        </Button>
      </NoGpu>
    </Card>
  );
});
