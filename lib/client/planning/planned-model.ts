import { createStore } from "../store";
import { useStore } from "../use-store";

interface PlannedModel {
  /** Another file of the library, or a remote model; null: the chosen model. */
  readonly source: string | null;
}

/** The model that the dashboard plans for. Looking at another one changes no setting and loads nothing. */
export const plannedModelStore = createStore<PlannedModel>({ source: null });

export const planForModel = (source: string | null): void => plannedModelStore.set({ source });

export const usePlannedModel = (): string | null => useStore(plannedModelStore, state => state.source);

/** The dashboard's address for a model, or for the chosen one. */
export const dashboardAddress = (source: string | null): string =>
  source === null ? "/dashboard" : `/dashboard?model=${encodeURIComponent(source)}`;
