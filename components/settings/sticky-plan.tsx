"use client";
import { classNames } from "@/components/ui/class-names";
import { MemoryBar } from "@/components/ui/memory-bar";
import { memoryPartLooks, partBytes, partsInWords } from "@/components/vram/memory/memory-parts";
import { useComputer } from "@/lib/client/planning/computer-store";
import { type PlanView, useExplanation, usePlanView } from "@/lib/client/planning/plan-store";
import { besideBytes, ramUsedByOthers } from "@/lib/plan/placement/plan-ram";

/**
 * On a narrow screen the sliders are below the sentence and the gauge. A line with both stays in view, so that the
 * user sees what a slider changes. A wide screen shows them beside the settings and does not need it.
 */
export function StickyPlan() {
  const view = usePlanView();
  const explanation = useExplanation();
  if (view === null || explanation === null) return null;
  return (
    <div
      data-sticky-plan=""
      className="sticky top-(--header-height) z-10 flex flex-col gap-1.5 rounded-t-card border-line border-b bg-surface px-4 py-2 lg:hidden"
    >
      <p className={classNames("line-clamp-2 font-semibold text-sm", explanation.isOverfull && "text-bad")}>
        {explanation.sentence}
      </p>
      <StickyGauge view={view} />
    </div>
  );
}

/** Of the card; without a card, of the system memory. */
function StickyGauge({ view: { gpu, plan } }: { readonly view: PlanView }) {
  const ram = useComputer()?.memory ?? null;
  const totalBytes = gpu?.totalBytes ?? ram?.totalBytes ?? null;
  if (totalBytes === null) return null;
  const planned =
    gpu === null
      ? partBytes(plan.ram, ram === null ? 0 : ramUsedByOthers(ram), { besideBytes: ram ? besideBytes(ram) : 0 })
      : partBytes(plan.predicted, gpu.usedByOthersBytes);
  return (
    <MemoryBar
      className="h-2.5 rounded-full bg-sunken shadow-[0_0_0_1px_var(--line-strong)]"
      label={gpu === null ? "Planned system memory" : "Planned GPU memory"}
      valueText={partsInWords(planned, totalBytes)}
      totalBytes={totalBytes}
      parts={memoryPartLooks.map(({ id, name, fill }) => ({ name, fill, bytes: planned[id] }))}
    />
  );
}
