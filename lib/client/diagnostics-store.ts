import { readDiagnostics } from "@/lib/schema/api/computer";
import { loadModel, loadNow, reloadModel, unloadModel } from "@/lib/schema/api/engine";
import { apiRequest } from "./api-request";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** Reports of the computer, the engine and the log. Gathering them is slow, so they are read only when shown. */
export const diagnosticsStore = createResource(readDiagnostics, () => ({}), ["settings", "receipts"]);

const commandEndpoints = { load: loadModel, "load-now": loadNow, unload: unloadModel, reload: reloadModel };

/** @throws ApiError as the server gave it. */
export async function commandEngine(command: keyof typeof commandEndpoints): Promise<void> {
  await apiRequest(commandEndpoints[command], {});
}

/** Loads the chosen model although system memory does not hold it. @throws ApiError */
export const loadAllTheSame = (): Promise<unknown> => apiRequest(loadModel, { query: { meant: "true" } });

export const useDiagnostics = () => useStore(diagnosticsStore, state => state);
