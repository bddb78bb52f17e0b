import { readComparedPlan } from "@/lib/schema/api/comparison";
import type { ComparedPlan } from "@/lib/schema/comparison";
import { createResource, type ResourceState } from "../resource-store";
import { useStore } from "../use-store";
import { watchCard } from "./model-store";

const makePlanStore = (model: string) =>
  createResource(
    readComparedPlan,
    () => ({ query: { model } }),
    ["models", "settings", "surface", "receipts"],
    watchCard,
  );

const stores = new Map<string, ReturnType<typeof makePlanStore>>();

function storeOf(model: string): ReturnType<typeof makePlanStore> {
  const store = stores.get(model) ?? makePlanStore(model);
  stores.set(model, store);
  return store;
}

/** How this model of the library would run here; it updates as the library's own plans do. */
export const useComparedPlan = (model: string): ResourceState<ComparedPlan> => useStore(storeOf(model), state => state);
