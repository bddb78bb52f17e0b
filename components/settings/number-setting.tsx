"use client";
import { NumberInput } from "@/components/ui/number-input";
import { Slider } from "@/components/ui/slider";
import { useModel } from "@/lib/client/planning/surface-store";
import type { SettingKey } from "@/lib/schema/settings/settings";
import { formatTokensShort } from "@/lib/units/tokens";
import { logStops, nearestStop } from "./log-stops";
import { formatSetting, formatSettingNumber, parseSettingNumber, rowOf, unitOf } from "./setting-format";
import { SettingFrame } from "./setting-frame";
import { type SettingRange, settingRange } from "./setting-range";
import { useSetting } from "./use-setting";

/** A number: a slider for trying values, a field for an exact value. */
export function NumberSetting({ settingKey }: { readonly settingKey: SettingKey }) {
  const [value, set] = useSetting(settingKey);
  const model = useModel();
  const { label } = rowOf(settingKey);
  if (typeof value !== "number") return null;
  const range = settingRange(settingKey, model, value);
  const field = (
    <NumberInput
      className="w-32"
      label={label}
      unit={unitOf(settingKey, value)}
      value={value}
      format={number => formatSettingNumber(settingKey, number)}
      parse={text => parseSettingNumber(settingKey, text)}
      onCommit={set}
    />
  );
  return (
    <SettingFrame settingKey={settingKey} beside={field}>
      {isSlidable(range) && <SettingSlider settingKey={settingKey} value={value} range={range} onChange={set} />}
    </SettingFrame>
  );
}

/** A seed of 32 bits cannot be set with a slider. */
const isSlidable = ({ min, max, step, log }: SettingRange): boolean => log || (max - min) / step <= 2000;

interface SettingSliderProps {
  readonly settingKey: SettingKey;
  readonly value: number;
  readonly range: SettingRange;
  readonly onChange: (value: number) => void;
}

function SettingSlider({ settingKey, value, range, onChange }: SettingSliderProps) {
  const { label } = rowOf(settingKey);
  const say = (number: number) => formatSetting(settingKey, number);
  if (!range.log) {
    // Steps such as 0.01 have no exact binary form: 0.07 + 0.01 must still be 0.08.
    const round = (number: number) => Math.round(number * 1e6) / 1e6;
    return (
      <Slider
        label={label}
        {...{ value, min: range.min, max: range.max, step: range.step }}
        valueText={number => say(round(number))}
        onChange={number => onChange(round(number))}
      />
    );
  }
  const stops = logStops(range.min, range.max, range.step);
  const at = (index: number) => stops[index] ?? value;
  return (
    <>
      <Slider
        label={label}
        value={nearestStop(stops, value)}
        min={0}
        max={stops.length - 1}
        step={1}
        mark={range.mark === null ? undefined : nearestStop(stops, range.mark.value)}
        valueText={index => say(at(index))}
        onChange={index => onChange(at(index))}
      />
      {range.mark !== null && (
        <p className="flex justify-between text-ink-3 text-xs">
          <span>{formatTokensShort(range.min)}</span>
          <span>
            {range.mark.label} {formatTokensShort(range.mark.value)}
          </span>
        </p>
      )}
    </>
  );
}
