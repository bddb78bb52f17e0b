import { TriangleAlert } from "lucide-react";
import type { PlanWarning } from "@/lib/plan/layer-plan";

interface PlanWarningsProps {
  readonly warnings: readonly PlanWarning[];
  /** Where no card is here, no dry run will ever be made: the card's own fields say that once. */
  readonly isEstimateForGood: boolean;
}

export function PlanWarnings({ warnings, isEstimateForGood }: PlanWarningsProps) {
  // That there is no GPU is the sentence above.
  const shown = warnings.filter(({ code }) => code !== "no-gpu" && !(isEstimateForGood && code === "estimated"));
  if (shown.length === 0) return null;
  return (
    <ul className="mt-2 flex flex-col gap-1">
      {shown.map(warning => (
        <li key={warning.code} className="flex items-start gap-2 text-sm text-warn">
          <TriangleAlert aria-hidden size={15} className="mt-0.5 shrink-0" />
          {warning.message}
        </li>
      ))}
    </ul>
  );
}
