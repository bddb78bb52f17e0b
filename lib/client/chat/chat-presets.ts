import type { ChatSampling } from "@/lib/schema/chat";

interface SamplingPreset {
  readonly id: "settings" | "precise" | "balanced" | "creative";
  readonly label: string;
  readonly help: string;
  readonly sampling: ChatSampling;
}

/** Starting points. `settings` overrides nothing: the dashboard's values apply. */
export const samplingPresets: readonly SamplingPreset[] = [
  { id: "settings", label: "As set", help: "The values from the dashboard.", sampling: {} },
  {
    id: "precise",
    label: "Precise",
    help: "Close to the likeliest words: facts, code, extraction.",
    sampling: { temperature: 0.2, topK: 20, topP: 0.9, minP: 0.1 },
  },
  {
    id: "balanced",
    label: "Balanced",
    help: "For most conversations.",
    sampling: { temperature: 0.7, topK: 40, topP: 0.95, minP: 0.05 },
  },
  {
    id: "creative",
    label: "Creative",
    help: "More surprise: stories, names, ideas.",
    sampling: { temperature: 1.1, topK: 100, topP: 0.98, minP: 0.02 },
  },
];

const presetKeys = ["temperature", "topK", "topP", "minP"] as const;

/** The preset that a chat's values come from; null when they match none. */
export const presetOf = (sampling: ChatSampling): SamplingPreset | null =>
  samplingPresets.find(preset => presetKeys.every(key => preset.sampling[key] === sampling[key])) ?? null;

/** Another preset's values. Values that no preset sets (seed, stop strings, limits) stay. */
export function withPreset(sampling: ChatSampling, preset: SamplingPreset): ChatSampling {
  const rest = Object.fromEntries(
    Object.entries(sampling).filter(([key]) => !presetKeys.some(presetKey => presetKey === key)),
  );
  return { ...rest, ...preset.sampling };
}
