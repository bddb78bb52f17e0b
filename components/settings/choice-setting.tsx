"use client";
import { Choice } from "@/components/ui/choice";
import { Switch } from "@/components/ui/switch";
import { useLive } from "@/lib/client/live-store";
import type { SettingKey, Settings } from "@/lib/schema/settings/settings";
import { choiceWord, rowOf } from "./setting-format";
import { SettingFrame } from "./setting-frame";
import { useSetting } from "./use-setting";

interface ChoiceSettingProps {
  readonly settingKey: SettingKey;
  /** A sentence below. */
  readonly note?: string | undefined;
}

/** A choice between a few words, side by side. */
export function ChoiceSetting({ settingKey, note }: ChoiceSettingProps) {
  const [value, set] = useSetting(settingKey);
  const { label, choices = [] } = rowOf(settingKey);
  return (
    <SettingFrame
      settingKey={settingKey}
      beside={
        <Choice
          label={label}
          value={String(value)}
          options={choices.map(choice => ({ value: choice, label: choiceWord(choice) }))}
          onChange={choice => set(choice as Settings[SettingKey])}
        />
      }
    >
      {note !== undefined && <p className="text-ink-2 text-xs">{note}</p>}
    </SettingFrame>
  );
}

/** With what was measured on this computer. */
export function SpeculationSetting() {
  const note = useLive(state => state.engine?.speculation?.reason);
  return <ChoiceSetting settingKey="SPECULATION" note={note} />;
}

const switchPositions = { auto: "auto", on: true, off: false } as const;
type SwitchPosition = keyof typeof switchPositions;
const isPosition = (word: string): word is SwitchPosition => word in switchPositions;

/** Auto, on or off, side by side. */
export function AutoSwitchSetting({ settingKey }: { readonly settingKey: SettingKey }) {
  const [value, set] = useSetting(settingKey);
  return (
    <SettingFrame
      settingKey={settingKey}
      beside={
        <Choice
          label={rowOf(settingKey).label}
          value={value === true ? "on" : value === false ? "off" : "auto"}
          options={Object.keys(switchPositions).map(word => ({ value: word, label: choiceWord(word) }))}
          onChange={word => isPosition(word) && set(switchPositions[word])}
        />
      }
    />
  );
}

export function SwitchSetting({ settingKey }: { readonly settingKey: SettingKey }) {
  const [value, set] = useSetting(settingKey);
  const { label } = rowOf(settingKey);
  return (
    <SettingFrame settingKey={settingKey} beside={<Switch label={label} checked={value === true} onChange={set} />} />
  );
}
