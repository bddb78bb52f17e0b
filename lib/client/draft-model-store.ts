import { listDraftModels } from "@/lib/schema/api/models";
import { plannedModelStore } from "./planned-model";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** Models of the library that can draft for the planned one. */
const draftModelStore = createResource(
  listDraftModels,
  () => ({ query: { model: plannedModelStore.get().source ?? undefined } }),
  ["models", "settings"],
  changed => plannedModelStore.subscribe(changed),
);

export const useDraftModels = () => useStore(draftModelStore, state => state.data?.drafts ?? null);
