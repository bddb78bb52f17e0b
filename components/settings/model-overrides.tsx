"use client";
import { Button } from "@/components/ui/button";
import { useAnotherModel, useSettings } from "@/lib/client/planning/settings-store";
import { settingKeys } from "@/lib/schema/settings/settings";
import { dropOverridesAndReport } from "./apply-and-report";
import { formatSetting, rowOf } from "./setting-format";

/** The model's own values. For the chosen model, with a button to remove them. */
export function ModelOverrides() {
  const overrides = useSettings(state => state.overrides);
  const saved = useSettings(state => state.saved);
  const isChosen = useAnotherModel() === null;
  const keys = settingKeys.filter(key => overrides[key] !== undefined);
  if (saved === null || keys.length === 0) return null;
  return (
    <div className="flex items-center gap-3 border-line border-b px-4 py-3 text-sm">
      <p className="text-ink-3">Only this model:</p>
      <ul className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1">
        {keys.map(key => (
          <li key={key} className="flex items-center gap-1">
            {rowOf(key).label} {formatSetting(key, saved[key])}
            {isChosen && keys.length > 1 && (
              <Button
                size="sm"
                aria-label={`Drop ${rowOf(key).label}`}
                onClick={() => void dropOverridesAndReport(key)}
              >
                Drop
              </Button>
            )}
          </li>
        ))}
      </ul>
      {isChosen && (
        <Button size="sm" onClick={() => void dropOverridesAndReport()}>
          {keys.length > 1 ? "Drop all" : "Drop"}
        </Button>
      )}
    </div>
  );
}
