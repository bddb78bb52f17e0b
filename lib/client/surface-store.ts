import { planInputsSchema } from "@/lib/schema/plan-inputs";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** What the plan is computed from. Another model, batch or device makes another surface; the server says when. */
export const surfaceStore = createResource("/api/surface", planInputsSchema, ["surface", "settings"]);

export const useSurface = () => useStore(surfaceStore, state => state);
export const useModel = () => useStore(surfaceStore, state => state.data?.surface.model ?? null);
