import { readSurface } from "@/lib/schema/api/surface";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { type ApiInput, apiAddress } from "../api-request";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";
import { plannedModelStore } from "./planned-model";
import { settingsStore } from "./settings-store";

/** Dry runs are made for one model, batch size, flash attention mode and number of answers at once. If one of these differs, another surface is needed. */
function surfaceOfDraft(): ApiInput<typeof readSurface> {
  const { N_BATCH, FLASH_ATTENTION, PARALLEL } = settingsStore.get().patch;
  const { source } = plannedModelStore.get();
  return { query: { MODEL: source ?? undefined, N_BATCH, FLASH_ATTENTION, PARALLEL } };
}

const draftAddress = (): string => apiAddress(readSurface, surfaceOfDraft());

/** While a slider is dragged, its steps are not asked about. */
const REST_MS = 250;

/** Calls back when the draft has come to rest and needs another surface. */
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
 * What the plan is computed from. Another model, batch or device needs another surface; the server reports it.
 * Until a new one arrives, the views use the present one.
 */
export const surfaceStore = createResource(
  readSurface,
  surfaceOfDraft,
  ["surface", "settings", "receipts"],
  watchDraft,
);

/** Shows a surface as soon as it arrives, unless the draft needs another one by then. Without it, the present one stays. */
export async function takeSurface(coming: Promise<MemorySurface>): Promise<void> {
  const address = draftAddress();
  const surface = await coming.catch(() => null);
  if (surface !== null && address === draftAddress())
    surfaceStore.update(state => ({ ...state, data: state.data && { ...state.data, surface } }));
}

export const useSurface = () => useStore(surfaceStore, state => state);
export const useModel = () => useStore(surfaceStore, state => state.data?.surface.model ?? null);
