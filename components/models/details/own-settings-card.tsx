"use client";
import { useState } from "react";
import { formatSetting, rowOf } from "@/components/settings/setting-format";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { showToast } from "@/components/ui/toast/toast";
import { apiRequest } from "@/lib/client/api-request";
import { dropOverrides } from "@/lib/schema/api/settings";
import { type SettingKey, type SettingsPatch, settingKeys } from "@/lib/schema/settings/settings";

interface OwnSettingsCardProps {
  readonly name: string;
  readonly own: SettingsPatch;
  readonly refresh: () => Promise<void>;
}

/** The values that only this model has. Each can be removed; then the general value applies. */
export function OwnSettingsCard({ name, own, refresh }: OwnSettingsCardProps) {
  const [busy, setBusy] = useState<SettingKey | null>(null);
  const keys = settingKeys.filter(key => own[key] !== undefined);
  const drop = async (key: SettingKey) => {
    setBusy(key);
    await reportFailure("Not dropped", async () => {
      const { problem } = await apiRequest(dropOverrides, { query: { key, MODEL: name } });
      showToast(
        problem === null
          ? { title: `${rowOf(key).label}: the general setting applies now` }
          : { title: "Removed, but the model could not be loaded", description: problem.message, tone: "bad" },
      );
      await refresh();
    });
    setBusy(null);
  };
  return (
    <Card heading="Settings of this model alone">
      {keys.length === 0 ? (
        <p className="text-ink-2 text-sm">None: the general settings apply to it.</p>
      ) : (
        <ul className="-my-1 divide-y divide-line">
          {keys.map(key => (
            <li key={key} className="flex items-center gap-3 py-1.5 text-sm">
              <span className="min-w-0 flex-1">{rowOf(key).label}</span>
              <span className="min-w-0 max-w-1/2 truncate tabular-nums">{textOf(key, own)}</span>
              <Button
                size="sm"
                disabled={busy !== null}
                aria-label={`Drop ${rowOf(key).label}`}
                onClick={() => void drop(key)}
              >
                {busy === key ? "Dropping…" : "Drop"}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function textOf(key: SettingKey, own: SettingsPatch): string {
  const value = own[key];
  return value === undefined ? "" : formatSetting(key, value);
}
