"use client";
import { X } from "lucide-react";
import { chipLabel } from "@/components/settings/apply-words";
import { cardStore, chooseCard } from "@/lib/client/planning/card-store";
import { planCardStore } from "@/lib/client/planning/plan-store";
import { draftSettings, useSettings } from "@/lib/client/planning/settings-store";
import type { Counterfactual } from "@/lib/plan/advice/counterfactuals";
import { middleOf } from "@/lib/plan/speed/predict-speed";
import { insteadWords } from "@/lib/plan/speed/speed-words";
import { expertsInWords } from "@/lib/plan/words/placement-words";
import type { SpeedRange } from "@/lib/schema/plans/plan-speed";
import { type SettingKey, type SettingsPatch, settingKeys } from "@/lib/schema/settings/settings";
import { bytesToMib } from "@/lib/units/bytes";
import { formatRate } from "@/lib/units/tokens";

/** Previews one change in every view; nothing is applied. */
function preview({ patch, closesOthers }: Counterfactual): void {
  if (patch !== null) draftSettings(patch);
  else if (closesOthers) previewEmptyCard();
}

/** Plans for the same card without other users of its memory. */
function previewEmptyCard(): void {
  const { gpu, isAssumed } = planCardStore.get();
  const { card } = cardStore.get();
  if (gpu === null || isAssumed) chooseCard(true, { ...card, usedMib: 0 });
  else chooseCard(true, { name: null, totalMib: Math.round(bytesToMib(gpu.totalBytes)), usedMib: 0 });
}

interface PlanChipsProps {
  readonly counterfactuals: readonly Counterfactual[];
  readonly totalLayers: number;
  /** Of the present plan. */
  readonly gpuLayers: number;
  readonly decode: SpeedRange | null;
}

const chip = "flex min-h-8 items-center gap-2 rounded-full border px-3 text-sm";

/** "What if": one change each, with the layers it would give. A change that is already tried comes first and can be undone. */
export function PlanChips({ counterfactuals, totalLayers, gpuLayers, decode }: PlanChipsProps) {
  const patch = useSettings(state => state.patch);
  const tried = settingKeys.filter(key => patch[key] !== undefined && chipLabel(key, patch) !== null);
  if (counterfactuals.length + tried.length === 0) return null;
  // With every layer on the GPU, the experts that are in RAM are what can still move.
  const gain = gpuLayers < totalLayers ? "More layers" : "More on the GPU";
  return (
    <ul
      aria-label="What would bring more onto the GPU"
      className="relative -mx-4 mt-3 flex items-center gap-2 overflow-x-auto px-4 py-1 sm:mx-0 sm:flex-wrap sm:px-0"
    >
      {tried.map(key => (
        <li key={key} className="shrink-0">
          <TriedChip settingKey={key} patch={patch} />
        </li>
      ))}
      {counterfactuals.length > 0 && (
        <li aria-hidden className="shrink-0 text-ink-3 text-sm">
          {gain} with
        </li>
      )}
      {counterfactuals.map(change => (
        <li key={change.label} className="shrink-0">
          <button
            type="button"
            onClick={() => preview(change)}
            className={`${chip} border-line-strong bg-raised hover:bg-sunken`}
          >
            {change.label}
            <strong className="font-semibold text-accent">
              <Outcome change={change} totalLayers={totalLayers} gpuLayers={gpuLayers} />
            </strong>
            {change.decode !== null && decode !== null && (
              <span className="text-ink-2 text-xs tabular-nums" title={insteadWords(change.decode, decode)}>
                about {formatRate(middleOf(change.decode))} tokens/s
                <span className="sr-only"> instead of {formatRate(middleOf(decode))}</span>
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

interface OutcomeProps extends Pick<PlanChipsProps, "totalLayers" | "gpuLayers"> {
  readonly change: Counterfactual;
}

/** "29", "all 33", and "experts of 20 blocks in RAM" where the layers stay as they are. */
function Outcome({ change, totalLayers, gpuLayers }: OutcomeProps) {
  const experts = expertsInWords(change);
  if (!change.full && change.gpuLayers === gpuLayers && experts !== "") return experts.replace(/^, /, "");
  return (
    <>
      {change.full ? `all ${totalLayers}` : `${change.gpuLayers}${experts}`}
      <span className="sr-only"> layers on the GPU</span>
    </>
  );
}

/** A change that every view shows but that is not applied yet. Pressing it undoes it. */
function TriedChip({ settingKey, patch }: { readonly settingKey: SettingKey; readonly patch: SettingsPatch }) {
  const savedValue = useSettings(state => state.saved?.[settingKey]);
  return (
    <button
      type="button"
      aria-pressed
      onClick={() => draftSettings({ [settingKey]: savedValue } as SettingsPatch)}
      className={`${chip} border-accent bg-accent-soft hover:bg-sunken`}
    >
      {chipLabel(settingKey, patch)}
      <X aria-hidden size={13} className="text-ink-2" />
      <span className="sr-only">: tried, press to take it back</span>
    </button>
  );
}
