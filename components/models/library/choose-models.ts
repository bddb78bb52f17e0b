import type { LocalModel } from "@/lib/schema/models/local-model";
import { canChat } from "./model-facts";

export const modelOrders = [
  { value: "name", label: "By name" },
  { value: "fast", label: "Fastest first" },
  { value: "small", label: "Smallest first" },
  { value: "recent", label: "Newest first" },
] as const;
export const modelKinds = [
  { value: "all", label: "All files" },
  { value: "fits", label: "All layers on the GPU" },
  { value: "chat", label: "Can chat" },
  { value: "other", label: "Other kinds" },
] as const;

export interface ModelChoice {
  readonly words: string;
  readonly order: (typeof modelOrders)[number]["value"];
  readonly kind: (typeof modelKinds)[number]["value"];
}

const orders: Record<ModelChoice["order"], (one: LocalModel, other: LocalModel) => number> = {
  name: (one, other) => one.name.localeCompare(other.name),
  fast: (one, other) => (other.plan?.speed?.decodeEmpty.low ?? 0) - (one.plan?.speed?.decodeEmpty.low ?? 0),
  small: (one, other) => one.fileBytes - other.fileBytes,
  recent: (one, other) => other.modifiedAtMs - one.modifiedAtMs,
};

const kinds: Record<ModelChoice["kind"], (model: LocalModel) => boolean> = {
  all: () => true,
  fits: model => model.plan?.kind === "full",
  chat: canChat,
  other: model => !canChat(model),
};

/** The models that match every word and are of the kind, in the order. */
export function chooseModels(models: readonly LocalModel[], { words, order, kind }: ModelChoice): LocalModel[] {
  const terms = words.toLowerCase().split(/\s+/).filter(Boolean);
  const textOf = ({ name, profile }: LocalModel) =>
    `${name} ${profile?.title ?? ""} ${profile?.architecture ?? ""} ${profile?.quantization ?? ""}`.toLowerCase();
  return models
    .filter(model => kinds[kind](model) && terms.every(word => textOf(model).includes(word)))
    .sort(orders[order]);
}
