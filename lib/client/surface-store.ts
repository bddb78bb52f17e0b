import { planInputsSchema } from "@/lib/schema/plan-inputs";
import { plannedModelStore } from "./planned-model";
import { createResource } from "./resource-store";
import { settingsStore } from "./settings-store";
import { useStore } from "./use-store";

const PATH = "/api/surface";

/** Dry runs are made for one model, batch size and flash attention mode: another one of these needs another surface. */
function pathForDraft(): string {
  const { N_BATCH, FLASH_ATTENTION } = settingsStore.get().patch;
  const { source } = plannedModelStore.get();
  const query = new URLSearchParams();
  if (source !== null) query.set("MODEL", source);
  if (N_BATCH !== undefined) query.set("N_BATCH", String(N_BATCH));
  if (FLASH_ATTENTION !== undefined) query.set("FLASH_ATTENTION", FLASH_ATTENTION);
  return query.size === 0 ? PATH : `${PATH}?${query}`;
}

/** A slider that is being dragged is not asked about at every step. */
const REST_MS = 250;

/** Calls back when the draft has come to rest at another surface. */
function watchDraft(changed: () => void): () => void {
  let path = pathForDraft();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    if (pathForDraft() === path) return;
    path = pathForDraft();
    clearTimeout(timer);
    timer = setTimeout(changed, REST_MS);
  };
  const endings = [settingsStore.subscribe(look), plannedModelStore.subscribe(look)];
  return () => {
    clearTimeout(timer);
    for (const end of endings) end();
  };
}

/**
 * What the plan is computed from. Another model, batch or device makes another surface; the server says when.
 * Until a new one is there the views go on with the one they have.
 */
export const surfaceStore = createResource(pathForDraft, planInputsSchema, ["surface", "settings"], watchDraft);

export const useSurface = () => useStore(surfaceStore, state => state);
export const useModel = () => useStore(surfaceStore, state => state.data?.surface.model ?? null);
