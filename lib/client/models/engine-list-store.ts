import { chooseEngine, listEngines } from "@/lib/schema/api/engines";
import type { EngineChoice } from "@/lib/schema/engines/other-engine";
import { apiRequest } from "../api-request";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";

/** The engines that were added, with the models that they list now. */
export const engineListStore = createResource(listEngines, () => ({}), ["engines"]);

export const useEngineList = () => useStore(engineListStore, state => state);

/** Lets this model answer from now on; null goes back to the models of this computer. @throws ApiError */
export async function answerWith(choice: EngineChoice | null): Promise<void> {
  await apiRequest(chooseEngine, { body: { choice } });
}
