import { useMemo } from "react";
import { applyDifference, type Difference } from "@/lib/client/apply-difference";
import { useEngine } from "@/lib/client/live-store";
import { useOwnPlan, useSavedPlan } from "@/lib/client/plan-store";
import { useReceipts } from "@/lib/client/receipt-store";
import type { LayerPlan } from "@/lib/plan/layer-plan";

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
