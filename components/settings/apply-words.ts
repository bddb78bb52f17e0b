import type { ApplyPreview } from "@/lib/client/apply-preview";
import { type Settings, type SettingsPatch, settingKeys } from "@/lib/schema/settings";
import { formatSetting, rowOf } from "./setting-format";

/** "KV cache f16 → q8_0": each change that waits, in the order of the table. */
export function changesInWords(saved: Settings, patch: SettingsPatch): string[] {
  return settingKeys.flatMap(key => {
    const value = patch[key];
    if (value === undefined) return [];
    if (typeof value === "string" && value.length > 24) return [rowOf(key).label];
    return [`${rowOf(key).label} ${formatSetting(key, saved[key])} → ${formatSetting(key, value)}`];
  });
}

const about = (seconds: number | null): string =>
  seconds === null ? "" : ` in about ${seconds < 2 ? Math.max(0.1, seconds).toFixed(1) : Math.round(seconds)} s`;

/** What the Apply button says: what it does, and what it costs. */
export function applyLabel({ cost, seconds }: ApplyPreview): string {
  if (cost === "model") return `Apply: reloads${about(seconds)}`;
  if (cost === "context") return "Apply: new context, no reload";
  return "Apply";
}

/** The same cost as a sentence, with what will be different. */
export function costInWords(preview: ApplyPreview): string {
  const { cost, layersBefore, layersAfter } = preview;
  if (cost === "later") return "Nothing is loaded: this takes effect with the next message.";
  const layers = layersBefore === layersAfter ? "" : ` ${layersBefore} → ${layersAfter} layers on the GPU.`;
  if (cost === "model") return `Reloads the model${about(preview.seconds)}.${layers} Chats are kept.`;
  if (cost === "context") return "Makes a new context; the weights stay. Chats are kept.";
  return "Costs nothing: nothing is reloaded.";
}
