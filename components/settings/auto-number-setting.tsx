"use client";
import { NumberInput } from "@/components/ui/number-input";
import { Slider } from "@/components/ui/slider";
import { useLive } from "@/lib/client/live-store";
import { usePlan } from "@/lib/client/planning/plan-store";
import { useModel } from "@/lib/client/planning/surface-store";
import type { SettingKey } from "@/lib/schema/settings/settings";
import { formatSetting, parseSettingNumber, rowOf, unitOf } from "./setting-format";
import { SettingFrame } from "./setting-frame";
import { settingRange } from "./setting-range";
import { useSetting } from "./use-setting";

/** Auto or a number. Auto is the left end of the slider, one step before the smallest number. */
export function AutoNumberSetting({ settingKey }: { readonly settingKey: SettingKey }) {
  const [value, set] = useSetting(settingKey);
  const model = useModel();
  const autoValue = useAutoValue(settingKey);
  const { label } = rowOf(settingKey);
  if (typeof value !== "number" && value !== "auto") return null;
  const { min, max } = settingRange(settingKey, model, 0);
  const autoPosition = min - 1;
  const fromPosition = (position: number) => (position === autoPosition ? "auto" : position);
  const field = (
    <NumberInput
      className="w-32"
      label={label}
      unit={value === "auto" ? undefined : unitOf(settingKey, value)}
      value={value === "auto" ? autoPosition : value}
      format={position => (position === autoPosition ? autoWords(autoValue) : String(position))}
      parse={text => (/^\s*auto/i.test(text) ? autoPosition : parseSettingNumber(settingKey, text))}
      onCommit={position => set(fromPosition(position))}
    />
  );
  return (
    <SettingFrame settingKey={settingKey} beside={field}>
      <Slider
        label={label}
        value={value === "auto" ? autoPosition : value}
        min={autoPosition}
        max={max}
        step={1}
        valueText={position => formatPosition(settingKey, fromPosition(position), autoValue)}
        onChange={position => set(fromPosition(position))}
      />
    </SettingFrame>
  );
}

const autoWords = (autoValue: number | null): string => (autoValue === null ? "Auto" : `Auto · ${autoValue}`);

const formatPosition = (key: SettingKey, value: number | "auto", autoValue: number | null): string =>
  value === "auto" && autoValue !== null ? `Auto, now ${formatSetting(key, autoValue)}` : formatSetting(key, value);

/** The value that Auto has at present; null if it is not known before the model is loaded. */
function useAutoValue(key: SettingKey): number | null {
  const plan = usePlan();
  const threads = useLive(state => state.engine?.config?.threads ?? state.engine?.info?.mathCores ?? null);
  if (key === "THREADS") return threads;
  if (plan === null) return null;
  if (key === "EXPERTS_IN_RAM") return plan.expertBlocksInRam;
  if (key === "PARALLEL") return plan.sequences;
  return key === "LAYERS" && !plan.manual ? plan.gpuLayers : null;
}
