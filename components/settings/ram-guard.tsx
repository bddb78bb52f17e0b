"use client";
import { useState } from "react";
import { Switch } from "@/components/ui/switch";
import { useOwnRam } from "@/lib/client/planning/plan-store";
import { ramShortage } from "@/lib/plan/placement/plan-ram";

export interface RamGuard {
  /** How much of this computer's memory is missing; null if there is enough. */
  readonly shortage: string | null;
  readonly isMeant: boolean;
  readonly setMeant: (isMeant: boolean) => void;
  readonly isBlocked: boolean;
}

/** One press must not start a load that this computer's memory cannot hold: the user must confirm it. */
export function useRamGuard(): RamGuard {
  const ram = useOwnRam();
  const [isMeant, setMeant] = useState(false);
  const shortage = ram === null || ram.outcome === "fits" ? null : ramShortage(ram);
  return { shortage, isMeant, setMeant, isBlocked: shortage !== null && !isMeant };
}

const LABEL = "Load it anyway";

export function RamGuardSwitch({ guard: { shortage, isMeant, setMeant } }: { readonly guard: RamGuard }) {
  if (shortage === null) return null;
  return (
    <div className="flex w-full flex-col gap-1 text-sm sm:w-80 lg:w-full">
      <p role="alert" className="font-semibold text-bad">
        {shortage}
      </p>
      <div className="flex min-h-6 items-center justify-between gap-2 text-ink-2">
        <span aria-hidden>{LABEL}</span>
        <Switch label={LABEL} checked={isMeant} onChange={setMeant} />
      </div>
    </div>
  );
}
