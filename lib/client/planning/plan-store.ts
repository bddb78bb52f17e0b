import { useMemo } from "react";
import { type ContextImpact, contextImpact } from "@/lib/plan/advice/context-impact";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import { planRam, type RamPlan } from "@/lib/plan/placement/plan-ram";
import { explainPlan, type PlanExplanation } from "@/lib/plan/words/explain-plan";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { type PlanSettings, planKeys, planSettingsOf } from "@/lib/schema/settings/settings";
import { deriveStore } from "../derive-store";
import { liveStore } from "../live-store";
import { useStore } from "../use-store";
import { assumedGpu, cardStore } from "./card-store";
import { computerStore } from "./computer-store";
import { presentGpu } from "./present-gpu";
import { settingsStore } from "./settings-store";
import { surfaceStore } from "./surface-store";

export interface PlanCard {
  readonly gpu: GpuMemory | null;
  /** Values that the user typed in, instead of this computer's own. */
  readonly isAssumed: boolean;
}

/** Which card the dashboard plans for. */
export const planCardStore = deriveStore(
  [liveStore, surfaceStore, cardStore],
  () => [presentGpu(), cardStore.get().chosen, cardStore.get().card] as const,
  ([present, isAssumed, card]): PlanCard => ({ gpu: isAssumed ? assumedGpu(card) : present, isAssumed }),
  { gpu: null, isAssumed: false } as PlanCard,
);

/** Returns the same object while no setting of the plan changes: a new temperature needs no new plan. */
const planSettingsStore = deriveStore(
  [settingsStore],
  () => {
    const { draft } = settingsStore.get();
    return planKeys.map(key => draft?.[key] ?? null);
  },
  () => {
    const { draft } = settingsStore.get();
    return draft && planSettingsOf(draft);
  },
  null as PlanSettings | null,
);

/** What a plan is computed from. */
export interface PlanInputs {
  readonly surface: MemorySurface;
  readonly gpu: GpuMemory | null;
  readonly settings: PlanSettings;
}

/** Everything that a view of the plan needs, computed in the browser in the frame of the change. */
export interface PlanView extends PlanCard, PlanInputs {
  readonly plan: LayerPlan;
}

export const planStore = deriveStore(
  [surfaceStore, planCardStore, planSettingsStore],
  () => [surfaceStore.get().data?.surface ?? null, planCardStore.get(), planSettingsStore.get()] as const,
  ([surface, card, settings]): PlanView | null =>
    surface && settings && { ...card, surface, settings, plan: planLayers(surface, card.gpu, settings) },
  null as PlanView | null,
);

/** The reason for this number of layers, what would give more, and whether system memory is enough. */
const explanationStore = deriveStore(
  [planStore, computerStore],
  () => [planStore.get(), computerStore.get()] as const,
  ([view, computer]): PlanExplanation | null =>
    view && explainPlan(view.surface, view.gpu, view.settings, view.plan, computer),
  null as PlanExplanation | null,
);

/** What the context costs, for the chart and its table. */
const impactStore = deriveStore(
  [planStore],
  () => [planStore.get()] as const,
  ([view]): ContextImpact | null => view && contextImpact(view.surface, view.gpu, view.settings),
  null as ContextImpact | null,
);

/**
 * The draft's plan on this computer's real card: what Apply will do. The same object as the plan that is
 * shown, unless that is for an assumed card.
 */
const ownPlanStore = deriveStore(
  [planStore, liveStore],
  () => [planStore.get(), presentGpu()] as const,
  ([view, gpu]): LayerPlan | null =>
    view && (view.isAssumed ? planLayers(view.surface, gpu, view.settings) : view.plan),
  null as LayerPlan | null,
);

/** What Apply will take of this computer's memory; null while that is not known. */
const ownRamStore = deriveStore(
  [ownPlanStore, liveStore, computerStore],
  () => [ownPlanStore.get(), presentGpu(), computerStore.get()] as const,
  ([plan, gpu, computer]): RamPlan | null => plan && computer && planRam(plan, gpu, computer),
  null as RamPlan | null,
);

/** Everything that the saved settings' plan is computed from, on this computer's real card. */
const savedInputsStore = deriveStore(
  [surfaceStore, liveStore, settingsStore],
  () => [surfaceStore.get().data?.surface ?? null, presentGpu(), settingsStore.get().saved] as const,
  ([surface, gpu, saved]) => surface && saved && { surface, gpu, settings: planSettingsOf(saved) },
  null as PlanInputs | null,
);

/** The saved settings' plan: the state before Apply. */
const savedPlanStore = deriveStore(
  [savedInputsStore],
  () => [savedInputsStore.get()] as const,
  ([inputs]): LayerPlan | null => inputs && planLayers(inputs.surface, inputs.gpu, inputs.settings),
  null as LayerPlan | null,
);

/** A plan that is offered and is not a draft, and the system memory it takes. */
interface OfferedPlan {
  readonly inputs: PlanInputs;
  readonly plan: LayerPlan;
  readonly ram: RamPlan | null;
}

/** The saved settings' plan with another context. */
export function usePlanWithContext(contextTokens: number): OfferedPlan | null {
  const saved = useStore(savedInputsStore, value => value);
  const computer = useStore(computerStore, value => value);
  return useMemo(() => {
    if (saved === null) return null;
    const { surface, gpu } = saved;
    const settings = { ...saved.settings, N_CTX: contextTokens };
    const plan = planLayers(surface, gpu, settings);
    return { inputs: { surface, gpu, settings }, plan, ram: computer && planRam(plan, gpu, computer) };
  }, [saved, computer, contextTokens]);
}

export const useSavedPlan = (): LayerPlan | null => useStore(savedPlanStore, plan => plan);
export const useOwnRam = (): RamPlan | null => useStore(ownRamStore, ram => ram);
export const useOwnPlan = (): LayerPlan | null => useStore(ownPlanStore, plan => plan);
export const usePlanCard = (): PlanCard => useStore(planCardStore, card => card);
export const useExplanation = (): PlanExplanation | null => useStore(explanationStore, explanation => explanation);
export const useContextImpact = (): ContextImpact | null => useStore(impactStore, impact => impact);
export const usePlanView = (): PlanView | null => useStore(planStore, view => view);
export const usePlan = (): LayerPlan | null => useStore(planStore, view => view?.plan ?? null);
