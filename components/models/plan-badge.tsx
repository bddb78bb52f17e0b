"use client";
import { classNames } from "@/components/ui/class-names";
import { useLive } from "@/lib/client/live-store";
import { isRamShort } from "@/lib/plan/placement/plan-ram";
import { formatSpeed, speedDetail } from "@/lib/plan/speed/speed-words";
import { expertsInWords, layersInWords } from "@/lib/plan/words/placement-words";
import type { BadgePlan } from "@/lib/schema/models/local-model";
import { formatBytes } from "@/lib/units/bytes";

const looks = {
  full: "border-good text-good",
  partial: "border-warn text-warn",
  "cpu-only": "border-line-strong text-ink-2",
} as const;

function words(plan: BadgePlan): string {
  const { kind, gpuBytes, ramBytes, isEstimate } = plan;
  const about = isEstimate ? "about " : "";
  if (kind === "cpu-only") return `CPU · ${about}${formatBytes(ramBytes)}`;
  const layers = `${kind === "full" ? "" : about}${layersInWords(plan)}`;
  return `${layers} on GPU${expertsInWords(plan)} · ${about}${formatBytes(gpuBytes)}`;
}

/** Whether this computer's memory cannot hold the file with its settings. */
export const useRamIsShort = (plan: BadgePlan | null): boolean =>
  useLive(({ telemetry }) => plan !== null && telemetry !== null && isRamShort(plan.ramNeed, telemetry.memory));

/** How a file would run on the present card with the present settings, and a short reason if it cannot. */
export function PlanBadge({ plan }: { readonly plan: BadgePlan }) {
  const isTooLarge = useRamIsShort(plan);
  return (
    <span
      className={classNames(
        "inline-flex min-h-6 items-center rounded-2xl border px-2.5 py-0.5 text-xs",
        isTooLarge ? "border-bad font-semibold text-bad" : looks[plan.kind],
      )}
    >
      {isTooLarge ? `needs ${formatBytes(plan.ramNeed.needBytes)} of memory: too much here` : words(plan)}
    </span>
  );
}

/** How fast the plan would answer; nothing where the card's speed is not known or the plan cannot run. */
export function PlanSpeedWords({ plan }: { readonly plan: BadgePlan }) {
  if (useRamIsShort(plan) || plan.speed === null) return null;
  return (
    <span
      className="text-ink-2 text-xs whitespace-nowrap tabular-nums"
      title={speedDetail(plan.speed, plan.gpuLayers > 0)}
    >
      {formatSpeed(plan.speed.decodeEmpty)}
    </span>
  );
}
