"use client";
import { memo } from "react";
import { classNames } from "@/components/ui/class-names";
import { useLive } from "@/lib/client/live-store";
import { useExplanation, usePlanView } from "@/lib/client/planning/plan-store";
import { PlanChips } from "./plan-chips";
import { PlanPresets } from "./plan-presets";
import { PlanWarnings } from "./plan-warnings";
import { RamProblem } from "./ram-problem";

/** The plan in a person's words, before any number; then buttons for what would give more. */
export const WhyCard = memo(function WhyCard() {
  const view = usePlanView();
  const explanation = useExplanation();
  const hasGpu = useLive(state => state.telemetry?.gpu.memory != null);
  if (view === null || explanation === null) return null;
  const { ram } = explanation;
  return (
    <section aria-label="Why this many layers" className="card min-w-0 p-4 sm:px-[18px]">
      {view.isAssumed && view.gpu && (
        <p className="mb-1 text-ink-2 text-sm">
          On <strong className="font-semibold text-ink">{view.gpu.name}</strong>, not on this computer:
        </p>
      )}
      <h2
        className={classNames(
          "text-balance font-semibold text-sentence tracking-[-0.01em]",
          explanation.isOverfull && "text-bad",
        )}
      >
        {explanation.sentence}
      </h2>
      <p className="mt-1 text-ink-2">{explanation.detail}</p>
      {ram !== null && <RamProblem ram={ram} remedies={explanation.ramRemedies} saysShortage={view.gpu !== null} />}
      <PlanWarnings
        warnings={view.plan.warnings}
        isOverfull={explanation.isOverfull}
        isEstimateForGood={view.isAssumed && !hasGpu}
      />
      <PlanChips
        counterfactuals={explanation.counterfactuals}
        totalLayers={view.plan.totalLayers}
        gpuLayers={view.plan.gpuLayers}
        decode={explanation.speed?.decodeEmpty ?? null}
      />
      <PlanPresets presets={explanation.presets} settings={view.settings} />
    </section>
  );
});
