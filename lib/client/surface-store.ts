import type { ErrorBody } from "@/lib/schema/api-error";
import { type PlanInputs, planInputsSchema } from "@/lib/schema/plan-inputs";
import { apiRequest, errorBody } from "./api-request";
import { liveStore } from "./live-store";
import { createStore } from "./store";
import { useStore } from "./use-store";

export interface SurfaceState {
  readonly inputs: PlanInputs | null;
  /** Why there is no surface, or no newer one: a missing model, a broken file, no server. */
  readonly error: ErrorBody | null;
}

async function readSurface(): Promise<void> {
  try {
    const inputs = await apiRequest({ path: "/api/surface", schema: planInputsSchema });
    surfaceStore.set({ inputs, error: null });
  } catch (error) {
    surfaceStore.set({ inputs: null, error: errorBody(error) });
  }
}

/** A changed model, batch or device makes another surface; the server says when. */
function follow(): () => void {
  const version = () => {
    const { surface, settings } = liveStore.get().changes;
    return surface + settings;
  };
  let seen = version();
  void readSurface();
  return liveStore.subscribe(() => {
    if (version() === seen) return;
    seen = version();
    void readSurface();
  });
}

export const surfaceStore = createStore<SurfaceState>({ inputs: null, error: null }, follow);

export const retrySurface = (): void => void readSurface();
export const useSurface = <Slice>(select: (state: SurfaceState) => Slice): Slice => useStore(surfaceStore, select);
