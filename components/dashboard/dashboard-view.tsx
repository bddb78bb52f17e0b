"use client";
import { lazy, Suspense, useEffect } from "react";
import { SettingsPanel } from "@/components/settings/settings-panel";
import { confirmAtRest } from "@/lib/client/confirm-at-rest";
import { useEngine } from "@/lib/client/live-store";
import { usePlanCard } from "@/lib/client/plan-store";
import { planForModel } from "@/lib/client/planned-model";
import { useSettings } from "@/lib/client/settings-store";
import { useSurface } from "@/lib/client/surface-store";
import { ContextCard } from "./context-card";
import { ContextTableCard } from "./context-table-card";
import { DashboardLoading } from "./dashboard-loading";
import { DashboardProblem } from "./dashboard-problem";
import { DetailsCard } from "./details-card";
import { EngineNotice } from "./engine-notice";
import { GaugeCard } from "./gauge-card";
import { LayersCard } from "./layers-card";
import { PlannedModelBanner } from "./planned-model-banner";
import { SystemMemoryCard } from "./system-memory-card";
import { WhyCard } from "./why-card";

const OtherEngineCard = lazy(() => import("./other-engine-card"));

interface DashboardViewProps {
  /** The model in the page's address, shown instead of the chosen one. */
  readonly modelToPlan: string | null;
}

export function DashboardView({ modelToPlan }: DashboardViewProps) {
  useEffect(() => {
    planForModel(modelToPlan);
    return () => planForModel(null);
  }, [modelToPlan]);
  useEffect(confirmAtRest, []);
  const surface = useSurface();
  const settingsError = useSettings(state => state.error);
  const isReady = useSettings(state => state.draft !== null);
  const error = surface.error ?? (isReady ? null : settingsError);
  if (error !== null) return <DashboardProblem error={error} />;
  return surface.data !== null && isReady ? <DashboardGrid /> : <DashboardLoading />;
}

/**
 * In the order of a phone: first the sentence, the gauge and the map, then the settings. From 1024 px on the
 * settings stand on the left and stay in view.
 */
function DashboardGrid() {
  const hasCard = usePlanCard().gpu !== null;
  const other = useEngine()?.other;
  return (
    <div className="grid w-full grid-cols-1 gap-4 p-3 max-lg:has-data-apply-bar:pb-52 sm:p-4 lg:grid-cols-[336px_minmax(0,1fr)_minmax(0,1fr)] lg:grid-rows-[auto_auto_auto_1fr]">
      <div className="flex min-w-0 flex-col gap-4 lg:col-span-2 lg:col-start-2">
        <EngineNotice />
        {other && (
          <Suspense>
            <OtherEngineCard engine={other} />
          </Suspense>
        )}
        <PlannedModelBanner />
        <WhyCard />
        {hasCard ? <GaugeCard /> : <SystemMemoryCard />}
      </div>
      <div className="min-w-0 lg:col-span-2 lg:col-start-2 xl:col-span-1">
        <LayersCard />
      </div>
      <div className="min-w-0 self-start lg:sticky lg:top-[calc(var(--header-height)+1rem)] lg:col-start-1 lg:row-span-4 lg:row-start-1">
        <SettingsPanel />
      </div>
      <div className="min-w-0 lg:col-span-2 lg:col-start-2 xl:col-span-1 xl:col-start-3">
        <ContextCard />
      </div>
      <div className="grid min-w-0 items-start gap-4 lg:col-span-2 lg:col-start-2 xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        {/* Other cards fill their grid cell. This one is only as high as its table, also beside long tabs. */}
        <div className="min-w-0">
          <ContextTableCard />
        </div>
        <DetailsCard />
      </div>
    </div>
  );
}
