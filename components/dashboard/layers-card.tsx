"use client";
import { memo } from "react";
import { Card } from "@/components/ui/card";
import { LayerMap } from "@/components/vram/layer-map";
import { LayerMapSummary } from "@/components/vram/layer-map-summary";
import { usePlan, usePlanCard } from "@/lib/client/plan-store";
import { formatBytes } from "@/lib/units/bytes";

export const LayersCard = memo(function LayersCard() {
  const plan = usePlan();
  const hasGpu = usePlanCard().gpu !== null;
  if (plan === null) return null;
  const ram = `system memory ${formatBytes(plan.ram.totalBytes)}`;
  return (
    <Card
      className="flex flex-col"
      heading="Layers"
      aside={plan.gpuLayers > 0 ? `GPU ${formatBytes(plan.predicted.totalBytes)} · ${ram}` : ram}
    >
      <LayerMap plan={plan} hasGpu={hasGpu} />
      <LayerMapSummary plan={plan} hasGpu={hasGpu} />
    </Card>
  );
});
