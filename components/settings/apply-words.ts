import type { ApplyPreview } from "@/lib/client/planning/apply-preview";
import type { EngineState } from "@/lib/schema/live-events";
import { type SettingKey, type Settings, type SettingsPatch, settingKeys } from "@/lib/schema/settings/settings";
import { formatSetting, rowOf } from "./setting-format";

/** "KV cache f16 → q8_0": each waiting change, in the order of the table. */
export function changesInWords(saved: Settings, patch: SettingsPatch): string[] {
  return settingKeys.flatMap(key => {
    const value = patch[key];
    if (value === undefined) return [];
    if (typeof value === "string" && value.length > 24) return [rowOf(key).label];
    return [`${rowOf(key).label} ${formatSetting(key, saved[key])} → ${formatSetting(key, value)}`];
  });
}

/** The settings that move layers or memory: a tried change of these is shown beside the plan's sentence. */
const chipWords: Partial<Record<SettingKey, (value: string) => string>> = {
  TARGET_VRAM_USAGE: value => `target ${value}`,
  N_CTX: value => `${value} of context`,
  KV_CACHE_QUANT: value => `${value} KV cache`,
  LAYERS: value => (value === "Auto" ? "automatic layers" : value),
  EXPERTS_IN_RAM: value => `experts in RAM: ${value.toLowerCase()}`,
  GPUS: value => (value === "Auto" ? "automatic cards" : `cards ${value}`),
  TENSOR_SPLIT: value => (value === "Auto" ? "automatic split" : `split ${value}`),
  CARD_CHOICE: value => (value === "Spread" ? "spread over cards" : "fastest card"),
  KV_IN_RAM: value => `KV cache in RAM: ${value.toLowerCase()}`,
  PARALLEL: value => (value === "Auto" ? "automatic answers at once" : `${value} at once`),
  N_BATCH: value => `batch ${value}`,
  FLASH_ATTENTION: value => `flash attention ${value.toLowerCase()}`,
};

/** "q8_0 KV cache": one value of a draft in the words of a chip. null for a setting that does not affect the plan. */
export function chipLabel(key: SettingKey, patch: SettingsPatch): string | null {
  const value = patch[key];
  return value === undefined ? null : (chipWords[key]?.(formatSetting(key, value)) ?? null);
}

const about = (seconds: number | null): string =>
  seconds === null ? "" : ` in about ${seconds < 2 ? Math.max(0.1, seconds).toFixed(1) : Math.round(seconds)} s`;

/** The label of the Apply button: what it does, and what it costs. */
export function applyLabel({ cost, seconds }: ApplyPreview, isAnswering = false): string {
  if (isAnswering && cost !== "nothing" && cost !== "later") return "Apply: reloads after this answer";
  if (cost === "model") return `Apply: reloads${about(seconds)}`;
  if (cost === "context") return "Apply: new context, no reload";
  return "Apply";
}

/** The same cost as a sentence. */
export function costInWords({ cost, seconds }: ApplyPreview, state: EngineState | undefined): string {
  if (cost === "later")
    return state === "loading"
      ? "The load in progress starts over with this."
      : "Nothing is loaded: this takes effect with the next message.";
  const isAnswering = state === "generating";
  if (isAnswering && cost === "model")
    return `The answer in progress comes first; then the model reloads${about(seconds)}.`;
  if (isAnswering && cost === "context") return "The answer in progress comes first; then there is a new context.";
  if (cost === "model") return `Reloads the model${about(seconds)}. Chats are kept.`;
  if (cost === "context") return "Makes a new context; the weights stay. Chats are kept.";
  return "Costs nothing: nothing is reloaded.";
}
