import { listApiKeys } from "@/lib/schema/api/api-keys";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** The API keys of this Headroom. */
export const keyStore = createResource(listApiKeys, () => ({}), []);

export const useApiKeys = () => useStore(keyStore, state => state);
