import { useMemo } from "react";
import { useEngine } from "@/lib/client/live-store";
import { type ApplyPreview, applyPreview } from "@/lib/client/planning/apply-preview";
import { useOwnPlan } from "@/lib/client/planning/plan-store";
import { useReceipts } from "@/lib/client/planning/receipt-store";
import { useSettings } from "@/lib/client/planning/settings-store";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import type { SettingsPatch } from "@/lib/schema/settings/settings";

/** What applying the draft would do to this computer's engine; null while that is not known. */
export function useApplyPreview(): ApplyPreview | null {
  return usePlanPreview(
    useSettings(state => state.patch),
    useOwnPlan(),
  );
}

/** The same for any offered change, with its plan. */
export function usePlanPreview(patch: SettingsPatch, plan: LayerPlan | null): ApplyPreview | null {
  const saved = useSettings(state => state.saved);
  const loaded = useEngine()?.config ?? null;
  const receipts = useReceipts();
  return useMemo(
    () => saved && plan && applyPreview({ loaded, saved, patch, plan, receipts: receipts ?? [] }),
    [loaded, saved, patch, plan, receipts],
  );
}
