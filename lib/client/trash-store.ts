import { listTrash } from "@/lib/schema/api/models";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** The models in the trash. */
export const trashStore = createResource(listTrash, () => ({}), ["models"]);

export const useTrash = () => useStore(trashStore, state => state.data?.models ?? []);
