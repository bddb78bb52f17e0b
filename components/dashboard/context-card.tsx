"use client";
import { memo } from "react";
import { Card } from "@/components/ui/card";
import { ContextChart } from "@/components/vram/context/context-chart";
import { FullStops } from "@/components/vram/context/full-stops";
import { useContextImpact, usePlanView } from "@/lib/client/planning/plan-store";
import { draftSettings } from "@/lib/client/planning/settings-store";
import type { KvType } from "@/lib/schema/plans/kv-type";

const pickContext = (contextTokens: number) => draftSettings({ N_CTX: contextTokens });

const pickFullStop = (KV_CACHE_QUANT: KvType, N_CTX: number) =>
  draftSettings({ KV_CACHE_QUANT, N_CTX, LAYERS: "auto" });

/** The chart counts the answers that decide about the layers; the plan has more where there was room beside them. */
function answersInWords(counted: number, planned: number): string {
  if (planned === 1) return "";
  return counted === planned ? `, ${planned} answers at once` : `, one answer (${planned} at once are planned)`;
}

export const ContextCard = memo(function ContextCard() {
  const view = usePlanView();
  const impact = useContextImpact();
  if (view === null || impact === null) return null;
  const { plan, settings } = view;
  return (
    <Card
      heading="What context costs"
      aside={`all ${plan.totalLayers} layers ${view.gpu === null ? "in system memory" : "on the GPU"}${answersInWords(impact.sequences, plan.sequences)}`}
    >
      <ContextChart
        impact={impact}
        contextTokens={settings.N_CTX}
        kvType={settings.KV_CACHE_QUANT}
        totalLayers={plan.totalLayers}
        onPick={pickContext}
      />
      {view.gpu !== null && <FullStops impact={impact} kvType={settings.KV_CACHE_QUANT} onPick={pickFullStop} />}
    </Card>
  );
});
