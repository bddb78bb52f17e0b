import { useMemo } from "react";
import { useEngine } from "@/lib/client/live-store";
import { applyDifference, type Difference } from "@/lib/client/planning/apply-difference";
import { useOwnPlan, useSavedPlan } from "@/lib/client/planning/plan-store";
import { useReceipts } from "@/lib/client/planning/receipt-store";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";

/** The figures that Apply will change on this computer. */
export function useApplyDifference(): readonly Difference[] {
  return usePlanDifference(useOwnPlan());
}

/** The same for any plan that is offered instead of the saved settings' plan. */
export function usePlanDifference(offered: LayerPlan | null): readonly Difference[] {
  const engine = useEngine();
  const saved = useSavedPlan();
  const receipts = useReceipts();
  return useMemo(
    () => (saved && offered ? applyDifference({ engine, saved, draft: offered, receipts: receipts ?? [] }) : []),
    [engine, saved, offered, receipts],
  );
}
