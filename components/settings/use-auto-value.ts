import { useLive } from "@/lib/client/live-store";
import { usePlan } from "@/lib/client/plan-store";
import type { SettingKey } from "@/lib/schema/settings";

/** The value that Auto has at present; null if it is not known before the model is loaded. */
export function useAutoValue(key: SettingKey): number | null {
  const plan = usePlan();
  const threads = useLive(state => state.engine?.config?.threads ?? state.engine?.info?.mathCores ?? null);
  if (key === "THREADS") return threads;
  if (plan === null) return null;
  if (key === "EXPERTS_IN_RAM") return plan.expertBlocksInRam;
  if (key === "PARALLEL") return plan.sequences;
  return key === "LAYERS" && !plan.manual ? plan.gpuLayers : null;
}
