import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { SettingKey } from "@/lib/schema/settings/settings";
import { rowOf } from "./setting-format";

export interface SettingRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly log: boolean;
  /** A value worth marking on the track, with its description. */
  readonly mark: { readonly value: number; readonly label: string } | null;
}

/** Far enough past a model's training to see the cost. Beyond that the answers become useless anyway. */
const CONTEXT_BEYOND_TRAINING = 2;

/** The range of the table's row, narrowed to what the present model can use. */
export function settingRange(key: SettingKey, model: MemorySurface["model"] | null, value: number): SettingRange {
  const { min, max, step, log = false } = rowOf(key).range ?? { min: 0, max: 1, step: 1 };
  const range = { min, max, step, log, mark: null };
  if (model === null) return range;
  if (key === "LAYERS") return { ...range, max: model.blocks + 1 };
  if (key === "EXPERTS_IN_RAM") return { ...range, max: model.blocks };
  if (key === "N_CTX" && model.trainContextTokens > 0) {
    const trained = model.trainContextTokens;
    return {
      ...range,
      max: Math.min(max, Math.max(trained * CONTEXT_BEYOND_TRAINING, value)),
      mark: { value: trained, label: "trained for" },
    };
  }
  return range;
}
