"use client";
import { classNames } from "@/components/ui/class-names";
import { draftSettings } from "@/lib/client/planning/settings-store";
import type { PlanPreset } from "@/lib/plan/advice/presets";
import { middleOf } from "@/lib/plan/speed/predict-speed";
import { expertsInWords } from "@/lib/plan/words/placement-words";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { formatBytes } from "@/lib/units/bytes";
import { formatRate, formatTokens } from "@/lib/units/tokens";

interface PlanPresetsProps {
  readonly presets: readonly PlanPreset[];
  readonly settings: PlanSettings;
}

/** Whether this preset equals the present plan. */
const isChosen = ({ patch }: PlanPreset, settings: PlanSettings): boolean =>
  patch.LAYERS === settings.LAYERS &&
  patch.N_CTX === settings.N_CTX &&
  patch.KV_CACHE_QUANT === settings.KV_CACHE_QUANT;

/** A small model often fits completely with everything that was requested; then two presets are the same. */
const isSamePlan = ({ patch }: PlanPreset, other: PlanPreset): boolean =>
  patch.N_CTX === other.patch.N_CTX && patch.KV_CACHE_QUANT === other.patch.KV_CACHE_QUANT;

/** Three presets, computed for this model and card. */
export function PlanPresets({ presets, settings }: PlanPresetsProps) {
  const distinct = presets.filter((preset, index) => presets.findIndex(other => isSamePlan(other, preset)) === index);
  if (distinct.length === 0) return null;
  return (
    <ul
      aria-label="Presets"
      className="relative -mx-4 mt-2 flex gap-2 overflow-x-auto px-4 py-1 sm:mx-0 sm:grid sm:grid-cols-3 sm:px-0"
    >
      {distinct.map(preset => (
        <li key={preset.id} className="w-60 shrink-0 sm:w-auto">
          <button
            type="button"
            aria-pressed={isChosen(preset, settings)}
            onClick={() => draftSettings(preset.patch)}
            className={classNames(
              "flex size-full flex-col rounded-control border px-3 py-2 text-left",
              isChosen(preset, settings)
                ? "border-accent bg-accent-soft"
                : "border-line-strong bg-raised hover:bg-sunken",
            )}
          >
            <span className="font-semibold text-sm">{preset.label}</span>
            <span className="text-ink-2 text-xs">{presetInWords(preset, settings)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** "33 of 33 layers · 4,096 → 11,264 tokens · f16 · 5.27 GiB · about 41 tokens/s": a value that would change is shown as a change. */
function presetInWords({ plan }: PlanPreset, settings: PlanSettings): string {
  const changed = (before: string, after: string) => (before === after ? after : `${before} → ${after}`);
  const layers =
    plan.kind === "cpu-only" ? "CPU only" : `${plan.gpuLayers} of ${plan.totalLayers} layers${expertsInWords(plan)}`;
  const memory = plan.gpuBytes === 0 ? "" : ` · ${formatBytes(plan.gpuBytes)}`;
  const context = changed(formatTokens(settings.N_CTX), formatTokens(plan.contextTokens));
  const speed = plan.decode === null ? "" : ` · about ${formatRate(middleOf(plan.decode))} tokens/s`;
  return `${layers} · ${context} tokens · ${changed(settings.KV_CACHE_QUANT, plan.kvType)}${memory}${speed}`;
}
