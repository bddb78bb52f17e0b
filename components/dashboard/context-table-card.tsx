"use client";
import { memo } from "react";
import { Card } from "@/components/ui/card";
import { ContextTable } from "@/components/vram/context-table";
import { useContextImpact, usePlan } from "@/lib/client/plan-store";
import { draftSettings } from "@/lib/client/settings-store";

const pickContext = (contextTokens: number) => draftSettings({ N_CTX: contextTokens });

export const ContextTableCard = memo(function ContextTableCard() {
  const plan = usePlan();
  const impact = useContextImpact();
  if (plan === null || impact === null) return null;
  return (
    <Card heading="Context size impact" aside={`layers that fit, of ${plan.totalLayers}`}>
      <ContextTable
        impact={impact}
        contextTokens={plan.contextTokens}
        kvType={plan.kvType}
        totalLayers={plan.totalLayers}
        onPick={pickContext}
      />
      <p className="mt-2 text-ink-3 text-xs">
        The output layer counts as one. The simple formula counts the {plan.totalLayers - 1} blocks only.
      </p>
    </Card>
  );
});
