import { localModelsSchema } from "@/lib/schema/local-model";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** The GGUF files of this computer. Their plan badges follow the settings. */
export const modelStore = createResource("/api/models", localModelsSchema, ["models", "settings"]);

export const useModels = () => useStore(modelStore, state => state);
