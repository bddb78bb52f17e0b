import { readSurface } from "@/lib/schema/api/surface";
import { type ApiInput, apiAddress } from "./api-request";
import { plannedModelStore } from "./planned-model";
import { createResource } from "./resource-store";
import { settingsStore } from "./settings-store";
import { useStore } from "./use-store";

/** Dry runs are made for one model, batch size and flash attention mode: another one of these needs another surface. */
function surfaceOfDraft(): ApiInput<typeof readSurface> {
  const { N_BATCH, FLASH_ATTENTION } = settingsStore.get().patch;
  const { source } = plannedModelStore.get();
  return { query: { MODEL: source ?? undefined, N_BATCH, FLASH_ATTENTION } };
}

const draftAddress = (): string => apiAddress(readSurface, surfaceOfDraft());

/** A slider that is being dragged is not asked about at every step. */
const REST_MS = 250;

/** Calls back when the draft has come to rest at another surface. */
function watchDraft(changed: () => void): () => void {
  let address = draftAddress();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onDraft = () => {
    if (draftAddress() === address) return;
    address = draftAddress();
    clearTimeout(timer);
    timer = setTimeout(changed, REST_MS);
  };
  const endings = [settingsStore.subscribe(onDraft), plannedModelStore.subscribe(onDraft)];
  return () => {
    clearTimeout(timer);
    for (const end of endings) end();
  };
}

/**
 * What the plan is computed from. Another model, batch or device makes another surface; the server says when.
 * Until a new one is there the views go on with the one they have.
 */
export const surfaceStore = createResource(readSurface, surfaceOfDraft, ["surface", "settings"], watchDraft);

export const useSurface = () => useStore(surfaceStore, state => state);
export const useModel = () => useStore(surfaceStore, state => state.data?.surface.model ?? null);
