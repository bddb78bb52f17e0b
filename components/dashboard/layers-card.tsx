"use client";
import { memo } from "react";
import { Card } from "@/components/ui/card";
import { LayerMap } from "@/components/vram/layer-map";
import { LayerMapSummary } from "@/components/vram/layer-map-summary";
import { usePlan } from "@/lib/client/plan-store";
import { formatGib } from "@/lib/units/bytes";

export const LayersCard = memo(function LayersCard() {
  const plan = usePlan();
  if (plan === null) return null;
  return (
    <Card
      heading="Layers"
      aside={`GPU ${formatGib(plan.predicted.totalBytes)} · system memory ${formatGib(plan.ram.totalBytes)}`}
    >
      <LayerMap plan={plan} />
      <LayerMapSummary plan={plan} />
    </Card>
  );
});
