"use client";
import { useState } from "react";
import { inputClass } from "@/components/ui/field";
import type { SettingKey } from "@/lib/schema/settings/settings";
import { parseSettingNumbers, rowOf } from "./setting-format";
import { SettingFrame } from "./setting-frame";
import { useSetting } from "./use-setting";

interface TextSettingProps {
  readonly settingKey: SettingKey;
}

export function TextSetting({ settingKey }: TextSettingProps) {
  const [value, set] = useSetting(settingKey);
  return (
    <SettingFrame settingKey={settingKey}>
      <input
        aria-label={rowOf(settingKey).label}
        placeholder="None"
        className={inputClass}
        value={String(value)}
        onChange={event => set(event.target.value)}
      />
    </SettingFrame>
  );
}

export function LongTextSetting({ settingKey }: TextSettingProps) {
  const [value, set] = useSetting(settingKey);
  return (
    <SettingFrame settingKey={settingKey}>
      <textarea
        aria-label={rowOf(settingKey).label}
        rows={3}
        placeholder="None"
        className={inputClass}
        value={String(value)}
        onChange={event => set(event.target.value)}
      />
    </SettingFrame>
  );
}

/** Auto, or numbers with commas between. It stays text while it is typed. */
export function AutoNumbersSetting({ settingKey }: TextSettingProps) {
  const [value, set] = useSetting(settingKey);
  const [text, setText] = useState<string | null>(null);
  const shown = Array.isArray(value) ? value.join(", ") : "";
  return (
    <SettingFrame settingKey={settingKey}>
      <input
        aria-label={`${rowOf(settingKey).label}, numbers with commas between`}
        inputMode="decimal"
        placeholder="Auto"
        className={inputClass}
        value={text ?? shown}
        onChange={event => {
          setText(event.target.value);
          const numbers = parseSettingNumbers(settingKey, event.target.value);
          if (numbers !== null) set(numbers);
        }}
        onBlur={() => setText(null)}
      />
    </SettingFrame>
  );
}

/** A list with one entry a line. It stays text while it is typed, because an empty line may become an entry. */
export function ListSetting({ settingKey }: TextSettingProps) {
  const [value, set] = useSetting(settingKey);
  const [text, setText] = useState<string | null>(null);
  const lines = Array.isArray(value) ? value.join("\n") : "";
  return (
    <SettingFrame settingKey={settingKey}>
      <textarea
        aria-label={`${rowOf(settingKey).label}, one a line`}
        rows={2}
        placeholder="One a line"
        className={inputClass}
        value={text ?? lines}
        onChange={event => {
          setText(event.target.value);
          set(event.target.value.split("\n").filter(line => line !== ""));
        }}
        onBlur={() => setText(null)}
      />
    </SettingFrame>
  );
}
