import { useMemo } from "react";
import { type ApplyPreview, applyPreview } from "@/lib/client/apply-preview";
import { useEngine } from "@/lib/client/live-store";
import { useOwnPlan } from "@/lib/client/plan-store";
import { useReceipts } from "@/lib/client/receipt-store";
import { useSettings } from "@/lib/client/settings-store";
import type { LayerPlan } from "@/lib/plan/layer-plan";
import type { SettingsPatch } from "@/lib/schema/settings";

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
