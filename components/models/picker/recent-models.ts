import type { OtherEngine } from "@/lib/schema/engines/other-engine";
import type { LocalModel } from "@/lib/schema/models/local-model";
import type { Receipt } from "@/lib/schema/plans/receipt";

/** The models that match the words: the last loaded one first, then those that were never loaded, by name. */
export function recentModels(
  models: readonly LocalModel[],
  receipts: readonly Receipt[],
  words: string,
): readonly LocalModel[] {
  const loadedAt = new Map<string, number>();
  for (const { modelName, atMs } of receipts) loadedAt.set(modelName, Math.max(atMs, loadedAt.get(modelName) ?? 0));
  const searched = words.trim().toLowerCase();
  return models
    .filter(({ name, profile }) =>
      `${name} ${profile?.architecture ?? ""} ${profile?.quantization ?? ""}`.toLowerCase().includes(searched),
    )
    .toSorted((a, b) => (loadedAt.get(b.name) ?? 0) - (loadedAt.get(a.name) ?? 0) || a.name.localeCompare(b.name));
}

/** The speed of this model's newest load whose speed was measured; null if there is none. Receipts come newest first. */
export const lastSpeed = (receipts: readonly Receipt[], modelName: string): number | null =>
  receipts.find(receipt => receipt.modelName === modelName && receipt.tokensPerSecond !== null)?.tokensPerSecond ??
  null;

export interface ModelElsewhere {
  readonly engineId: string;
  readonly engineName: string;
  readonly model: string;
}

/** The models of other engines that match the words, in the engines' own order. */
export const engineModels = (engines: readonly OtherEngine[], words: string): readonly ModelElsewhere[] =>
  engines
    .flatMap(({ id, name, models }) => models.map(model => ({ engineId: id, engineName: name, model: model.id })))
    .filter(({ engineName, model }) => `${model} ${engineName}`.toLowerCase().includes(words.trim().toLowerCase()));
