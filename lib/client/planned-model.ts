import { createStore } from "./store";
import { useStore } from "./use-store";

interface PlannedModel {
  /** Another file of the library, or one that is not on this computer; null: the model that is chosen. */
  readonly source: string | null;
}

/** Which model the dashboard plans for. Looking at another one changes no setting and loads nothing. */
export const plannedModelStore = createStore<PlannedModel>({ source: null });

export const planForModel = (source: string | null): void => plannedModelStore.set({ source });

export const usePlannedModel = (): string | null => useStore(plannedModelStore, state => state.source);

/** The dashboard's address for a model, or for the one that is chosen. */
export const dashboardAddress = (source: string | null): string =>
  source === null ? "/dashboard" : `/dashboard?model=${encodeURIComponent(source)}`;
