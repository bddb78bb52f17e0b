import { listTrash } from "@/lib/schema/api/models";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";

/** The models in the trash. */
export const trashStore = createResource(listTrash, () => ({}), ["models"]);

/** A new empty list for each look would make React render without end. */
const NOTHING: NonNullable<ReturnType<typeof trashStore.get>["data"]>["models"] = [];

export const useTrash = () => useStore(trashStore, state => state.data?.models ?? NOTHING);
