"use client";
import { Info } from "@/components/ui/info";
import { NumberInput } from "@/components/ui/number-input";
import { useSettings } from "@/lib/client/planning/settings-store";
import { type SettingKey, settingRows } from "@/lib/schema/settings/settings";

interface SamplingNumberProps {
  readonly setting: SettingKey;
  /** undefined: the settings' value. */
  readonly value: number | undefined;
  readonly onChange: (value: number | null) => void;
}

/** One value of the chat, and beside it a button that restores the settings' value. */
export function SamplingNumber({ setting, value, onChange }: SamplingNumberProps) {
  const row = settingRows[setting];
  const general = useSettings(state => Number(state.saved?.[setting] ?? row.default));
  const parse = (text: string): number | null => {
    const parsed = row.schema.safeParse(Number(text.trim().replace(",", ".")));
    return text.trim() !== "" && parsed.success ? Number(parsed.data) : null;
  };
  return (
    <div className="flex items-center gap-2 text-sm">
      <span className="flex-1">{row.label}</span>
      <Info about={row.label}>{row.help}</Info>
      {value !== undefined && (
        <button type="button" className="min-h-6 px-1 text-accent text-xs underline" onClick={() => onChange(null)}>
          As set
        </button>
      )}
      <NumberInput
        label={row.label}
        value={value ?? general}
        parse={parse}
        onCommit={onChange}
        className={value === undefined ? "w-24 text-ink-3" : "w-24"}
      />
    </div>
  );
}
