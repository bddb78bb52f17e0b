import { useMemo } from "react";
import { applyDifference, type Difference } from "@/lib/client/apply-difference";
import { useEngine } from "@/lib/client/live-store";
import { useOwnPlan, useSavedPlan } from "@/lib/client/plan-store";

/** The figures that Apply will move on this computer. */
export function useApplyDifference(): readonly Difference[] {
  const engine = useEngine();
  const saved = useSavedPlan();
  const draft = useOwnPlan();
  return useMemo(() => (saved && draft ? applyDifference({ engine, saved, draft }) : []), [engine, saved, draft]);
}
