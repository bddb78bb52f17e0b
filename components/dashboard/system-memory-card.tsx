"use client";
import { memo } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { MemoryFigures } from "@/components/vram/memory/memory-figures";
import { MemoryGauge } from "@/components/vram/memory/memory-gauge";
import { partBytes } from "@/components/vram/memory/memory-parts";
import { useLive } from "@/lib/client/live-store";
import { chooseCard } from "@/lib/client/planning/card-store";
import { useComputer } from "@/lib/client/planning/computer-store";
import { usePlan } from "@/lib/client/planning/plan-store";
import { besideBytes, ramUsedByOthers } from "@/lib/plan/placement/plan-ram";
import { NoGpu } from "./no-gpu";

/** Without a GPU the model is in system memory: how much the plan takes of it, and why there is no GPU. */
export const SystemMemoryCard = memo(function SystemMemoryCard() {
  const plan = usePlan();
  const memory = useComputer()?.memory ?? null;
  const embedding = useLive(state => state.telemetry?.embedding);
  if (plan === null) return null;
  const { weightsBytes, kvBytes, computeBytes } = embedding ?? { weightsBytes: 0, kvBytes: 0, computeBytes: 0 };
  // The system counts mapped weights as available, so they are not among what others use.
  const others = memory === null ? 0 : Math.max(0, ramUsedByOthers(memory) - kvBytes - computeBytes);
  const planned = partBytes(plan.ram, others, {
    embeddingBytes: weightsBytes + kvBytes + computeBytes,
    besideBytes: memory === null ? 0 : besideBytes(memory),
  });
  return (
    <Card heading="System memory" aside={memory === null ? "not read yet" : "live"}>
      {memory !== null && (
        <>
          <MemoryGauge
            label="System memory"
            totalBytes={memory.totalBytes}
            targetBytes={null}
            rows={[{ name: "Plan", bytes: planned }]}
          />
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
