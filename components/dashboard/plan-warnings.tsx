import { TriangleAlert } from "lucide-react";
import { classNames } from "@/components/ui/class-names";
import type { PlanWarning } from "@/lib/plan/cards/layer-plan";

/** With one of these, the plan cannot be loaded as it is. */
const bad: readonly PlanWarning["code"][] = ["card-overflow", "kv-type-refused"];

interface PlanWarningsProps {
  /** The plan needs more than the card has. */
  readonly isOverfull: boolean;
  readonly warnings: readonly PlanWarning[];
  /** If the card is not in this computer, no dry run will ever be made. The card's own fields say that once. */
  readonly isEstimateForGood: boolean;
}

export function PlanWarnings({ warnings, isOverfull, isEstimateForGood }: PlanWarningsProps) {
  // The sentence above already says that there is no GPU.
  const shown = warnings.filter(({ code }) => code !== "no-gpu" && !(isEstimateForGood && code === "estimated"));
  if (shown.length === 0) return null;
  return (
    <ul className="mt-2 flex flex-col gap-1">
      {shown.map(warning => (
        <li
          key={warning.code}
          className={classNames(
            "flex items-start gap-2 text-sm",
            bad.includes(warning.code) || (isOverfull && warning.code === "over-budget") ? "text-bad" : "text-warn",
          )}
        >
          <TriangleAlert aria-hidden size={15} className="mt-0.5 shrink-0" />
          {warning.message}
        </li>
      ))}
    </ul>
  );
}
