import type { ReactNode } from "react";
import { Info } from "@/components/ui/info";
import { usePlanCard } from "@/lib/client/planning/plan-store";
import { useSettings } from "@/lib/client/planning/settings-store";
import type { SettingKey } from "@/lib/schema/settings/settings";
import { rowOf } from "./setting-format";

interface SettingFrameProps {
  readonly settingKey: SettingKey;
  /** Beside the label: a number field or a switch. */
  readonly beside?: ReactNode;
  readonly children?: ReactNode;
}

/** Label, help and the mark of an unapplied change, around any control. */
export function SettingFrame({ settingKey, beside, children }: SettingFrameProps) {
  const { label, help, loads } = rowOf(settingKey);
  const isIdle = usePlanCard().gpu === null && loads === "gpuLayers";
  const isPending = useSettings(state => settingKey in state.patch);
  return (
    <div className="flex flex-col">
      <div className="flex min-h-7 items-center gap-1">
        <span className="text-sm">{label}</span>
        <Info about={label}>{help}</Info>
        {isPending && (
          <span role="img" aria-label="changed, not applied yet" className="size-1.5 rounded-full bg-accent" />
        )}
        {beside !== undefined && <div className="ml-auto">{beside}</div>}
      </div>
      {children}
      {isIdle && <p className="text-ink-3 text-xs">No effect without a graphics card.</p>}
    </div>
  );
}
