"use client";
import { SettingsPanel } from "@/components/settings/settings-panel";
import { useSettings } from "@/lib/client/settings-store";
import { useSurface } from "@/lib/client/surface-store";
import { GaugeCard } from "./gauge-card";
import { LayersCard } from "./layers-card";
import { WhyCard } from "./why-card";

/** On a phone one column in the order of the source; from 1024 px on the settings stand at the left and stay in view. */
export function DashboardView() {
  const { data } = useSurface();
  const isReady = useSettings(state => state.draft !== null);
  if (data === null || !isReady) return null;
  return (
    <div className="mx-auto grid w-full max-w-[1760px] grid-cols-1 items-start gap-4 p-3 sm:p-4 lg:grid-cols-[320px_minmax(0,1fr)] lg:grid-rows-[repeat(3,auto)_1fr]">
      <div className="flex min-w-0 flex-col gap-4 lg:col-start-2">
        <WhyCard />
        <GaugeCard />
        <LayersCard />
      </div>
      <div className="min-w-0 lg:sticky lg:top-[calc(var(--header-height)+1rem)] lg:col-start-1 lg:row-span-full lg:row-start-1">
        <SettingsPanel />
      </div>
    </div>
  );
}
