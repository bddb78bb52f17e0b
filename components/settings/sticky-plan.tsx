"use client";
import { MemoryBar } from "@/components/ui/memory-bar";
import { memoryPartLooks, partBytes, partsInWords } from "@/components/vram/memory-parts";
import { useExplanation, usePlanView } from "@/lib/client/plan-store";

/**
 * On a narrow screen the sliders stand below the sentence and the gauge: a line of both goes with them, so that what a
 * slider moves stays in sight. Beside wide settings it is not needed.
 */
export function StickyPlan() {
  const view = usePlanView();
  const explanation = useExplanation();
  if (view === null || explanation === null) return null;
  const { gpu, plan } = view;
  const planned = gpu === null ? null : partBytes(plan.predicted, gpu.usedByOthersBytes);
  return (
    <div
      data-sticky-plan=""
      className="sticky top-(--header-height) z-10 flex flex-col gap-1.5 rounded-t-card border-line border-b bg-surface px-4 py-2 lg:hidden"
    >
      <p className="line-clamp-2 font-semibold text-sm">{explanation.sentence}</p>
      {gpu !== null && planned !== null && (
        <MemoryBar
          className="h-2.5 rounded-full bg-sunken shadow-[0_0_0_1px_var(--line-strong)]"
          label="Planned GPU memory"
          valueText={partsInWords(planned, gpu.totalBytes)}
          totalBytes={gpu.totalBytes}
          parts={memoryPartLooks.map(({ id, name, fill }) => ({ name, fill, bytes: planned[id] }))}
        />
      )}
    </div>
  );
}
