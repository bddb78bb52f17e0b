"use client";
import { useId } from "react";
import { Choice } from "@/components/ui/choice";
import { Switch } from "@/components/ui/switch";
import { useSettings } from "@/lib/client/settings-store";
import { useSurface } from "@/lib/client/surface-store";
import { kvTypeRefusal } from "@/lib/plan/usable-kv-types";
import { kvTypeSchema } from "@/lib/schema/kv-type";
import type { SettingKey, Settings } from "@/lib/schema/settings";
import { choiceWord, rowOf } from "./setting-format";
import { SettingFrame } from "./setting-frame";
import { useSetting } from "./use-setting";

/** A choice between a few words, side by side. */
export function ChoiceSetting({ settingKey }: { readonly settingKey: SettingKey }) {
  const [value, set] = useSetting(settingKey);
  const { label, choices = [] } = rowOf(settingKey);
  const refusalOf = useRefusalOf(settingKey);
  const refusal = choices.map(refusalOf).find(reason => reason !== null) ?? null;
  const reasonId = useId();
  return (
    <SettingFrame
      settingKey={settingKey}
      beside={
        <Choice
          label={label}
          value={String(value)}
          options={choices.map(choice => ({
            value: choice,
            label: choiceWord(choice),
            isDisabled: refusalOf(choice) !== null,
          }))}
          onChange={choice => set(choice as Settings[SettingKey])}
          {...(refusal !== null && { describedBy: reasonId })}
        />
      }
    >
      {refusal !== null && (
        <p id={reasonId} className="text-ink-2 text-xs">
          {refusal}
        </p>
      )}
    </SettingFrame>
  );
}

/** Why a choice is not available with the planned model and the other settings; null if it is. */
function useRefusalOf(settingKey: SettingKey): (choice: string) => string | null {
  const surface = useSurface().data?.surface ?? null;
  const flashAttention = useSettings(state => state.draft?.FLASH_ATTENTION);
  return choice => {
    const kvType = kvTypeSchema.safeParse(choice);
    if (settingKey !== "KV_CACHE_QUANT" || surface === null || !kvType.success) return null;
    return kvTypeRefusal(surface, kvType.data, flashAttention);
  };
}

export function SwitchSetting({ settingKey }: { readonly settingKey: SettingKey }) {
  const [value, set] = useSetting(settingKey);
  const { label } = rowOf(settingKey);
  return (
    <SettingFrame settingKey={settingKey} beside={<Switch label={label} checked={value === true} onChange={set} />} />
  );
}
