"use client";
import { classNames } from "@/components/ui/class-names";
import { useLive } from "@/lib/client/live-store";
import type { PlanBadge as PlanBadgeData } from "@/lib/schema/local-model";
import { formatBytes } from "@/lib/units/bytes";

const looks = {
  full: "border-good text-good",
  partial: "border-warn text-warn",
  "cpu-only": "border-line-strong text-ink-2",
} as const;

function words({ kind, gpuLayers, totalLayers, gpuBytes, ramBytes, isEstimate }: PlanBadgeData): string {
  const about = isEstimate ? "about " : "";
  if (kind === "cpu-only") return `CPU · ${about}${formatBytes(ramBytes)}`;
  const layers = kind === "full" ? `all ${totalLayers}` : `${about}${gpuLayers} of ${totalLayers}`;
  return `${layers} layers on GPU · ${about}${formatBytes(gpuBytes)}`;
}

/** How a file would run on the present card with the present settings, and a word where it cannot. */
export function PlanBadge({ plan }: { readonly plan: PlanBadgeData }) {
  const totalBytes = useLive(state => state.telemetry?.memory.totalBytes ?? null);
  const isTooLarge = totalBytes !== null && plan.ramBytes > totalBytes;
  return (
    <span
      className={classNames(
        "inline-flex min-h-6 items-center rounded-full border px-2.5 text-xs whitespace-nowrap",
        isTooLarge ? "border-bad text-bad" : looks[plan.kind],
      )}
    >
      {isTooLarge ? `needs ${formatBytes(plan.ramBytes)} of ${formatBytes(totalBytes)} memory` : words(plan)}
    </span>
  );
}
