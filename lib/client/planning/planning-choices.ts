import type { Settings } from "@/lib/schema/settings/settings";
import { createStore } from "../store";
import { useStore } from "../use-store";
import { useSettings } from "./settings-store";

/** What models that are not chosen yet are planned with. */
export type PlanningChoices = Pick<Settings, "N_CTX" | "KV_CACHE_QUANT" | "TARGET_VRAM_USAGE">;

const changedChoices = createStore<Partial<PlanningChoices>>({});

/** Changes what Models plans with. No setting changes. */
export const choosePlanning = (change: Partial<PlanningChoices>): void =>
  changedChoices.update(choices => ({ ...choices, ...change }));

/** What was chosen at the top of Models; what is left out is as the settings say. */
export const useChangedChoices = (): Partial<PlanningChoices> => useStore(changedChoices, choices => choices);

/** The saved settings, with what was chosen at the top of Models; null until the settings are known. */
export function usePlanningChoices(): PlanningChoices | null {
  const saved = useSettings(state => state.saved);
  const changed = useChangedChoices();
  return saved === null ? null : { ...choicesOf(saved), ...changed };
}

const choicesOf = ({ N_CTX, KV_CACHE_QUANT, TARGET_VRAM_USAGE }: Settings): PlanningChoices => ({
  N_CTX,
  KV_CACHE_QUANT,
  TARGET_VRAM_USAGE,
});
