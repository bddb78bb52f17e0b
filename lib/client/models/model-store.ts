import { listModels } from "@/lib/schema/api/models";
import { isUnread } from "@/lib/schema/models/local-model";
import { liveStore } from "../live-store";
import { presentGpu } from "../planning/present-gpu";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";

/** Calls back when the card's memory for planning has changed. */
export function watchCard(changed: () => void): () => void {
  let gpu = presentGpu();
  return liveStore.subscribe(() => {
    const before = gpu;
    gpu = presentGpu();
    if (before !== null && gpu !== before) changed();
  });
}

/** The GGUF files of this computer. It is read again when files come and go. Plan badges update when a plan would: with settings, dry runs, learned overhead, the card. */
export const modelStore = createResource(
  listModels,
  () => ({}),
  ["models", "settings", "surface", "receipts"],
  watchCard,
  ({ data }) => (data?.models.some(isUnread) ? 0 : null),
);

export const useModels = () => useStore(modelStore, state => state);
