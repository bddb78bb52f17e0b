import { classNames } from "@/components/ui/class-names";
import type { PlanBadge as PlanBadgeData } from "@/lib/schema/local-model";

const looks = {
  full: "border-good text-good",
  partial: "border-warn text-warn",
  "cpu-only": "border-line-strong text-ink-2",
} as const;

const words = ({ kind, gpuLayers, totalLayers }: PlanBadgeData): string => {
  if (kind === "full") return `all ${totalLayers} layers on GPU`;
  return kind === "partial" ? `${gpuLayers} of ${totalLayers} layers on GPU` : "CPU";
};

/** How a file would run on the present card with the present settings. */
export function PlanBadge({ plan }: { readonly plan: PlanBadgeData }) {
  return (
    <span
      className={classNames(
        "inline-flex min-h-6 items-center rounded-full border px-2.5 text-xs whitespace-nowrap",
        looks[plan.kind],
      )}
    >
      {words(plan)}
    </span>
  );
}
