"use client";
import { cardStore, chooseCard } from "@/lib/client/card-store";
import { planCardStore } from "@/lib/client/plan-store";
import { draftSettings } from "@/lib/client/settings-store";
import type { Counterfactual } from "@/lib/plan/counterfactuals";
import { bytesToMib } from "@/lib/units/bytes";

/** Previews one change in every view; nothing is applied. */
function preview({ patch, closesOthers }: Counterfactual): void {
  if (patch !== null) draftSettings(patch);
  else if (closesOthers) previewEmptyCard();
}

/** The same card as if nobody else used it. */
function previewEmptyCard(): void {
  const { gpu, isAssumed } = planCardStore.get();
  const { card } = cardStore.get();
  if (gpu === null || isAssumed) chooseCard(true, { ...card, usedMib: 0 });
  else chooseCard(true, { name: null, totalMib: Math.round(bytesToMib(gpu.totalBytes)), usedMib: 0 });
}

interface PlanChipsProps {
  readonly counterfactuals: readonly Counterfactual[];
  readonly totalLayers: number;
}

/** "What if": one change each, with the layers it would give. */
export function PlanChips({ counterfactuals, totalLayers }: PlanChipsProps) {
  if (counterfactuals.length === 0) return null;
  return (
    <ul
      aria-label="What would give more layers"
      className="relative -mx-4 mt-3 flex gap-2 overflow-x-auto px-4 py-1 sm:mx-0 sm:flex-wrap sm:px-0"
    >
      {counterfactuals.map(change => (
        <li key={change.label} className="shrink-0">
          <button
            type="button"
            onClick={() => preview(change)}
            className="flex min-h-8 items-center gap-2 rounded-full border border-line-strong bg-raised px-3 text-sm hover:bg-sunken"
          >
            {change.label}
            <strong className="font-semibold text-accent">
              {change.full ? `all ${totalLayers}` : change.gpuLayers}
              <span className="sr-only"> layers on the GPU</span>
            </strong>
          </button>
        </li>
      ))}
    </ul>
  );
}
