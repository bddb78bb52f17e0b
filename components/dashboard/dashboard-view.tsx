"use client";
import { lazy, memo, Suspense, useEffect } from "react";
import { SettingsPanel } from "@/components/settings/settings-panel";
import { Card } from "@/components/ui/card";
import { classNames } from "@/components/ui/class-names";
import { Skeleton } from "@/components/ui/skeleton";
import { ContextTable } from "@/components/vram/context/context-table";
import { LayerMap } from "@/components/vram/layers/layer-map";
import { LayerMapSummary } from "@/components/vram/layers/layer-map-summary";
import { useEngine } from "@/lib/client/live-store";
import { confirmAtRest } from "@/lib/client/planning/confirm-at-rest";
import { useContextImpact, usePlan, usePlanCard } from "@/lib/client/planning/plan-store";
import { planForModel } from "@/lib/client/planning/planned-model";
import { draftSettings, useSettings } from "@/lib/client/planning/settings-store";
import { useSurface } from "@/lib/client/planning/surface-store";
import { formatBytes } from "@/lib/units/bytes";
import { ContextCard } from "./context-card";
import { DashboardProblem } from "./dashboard-problem";
import { DetailsCard } from "./details-card";
import { GaugeCard } from "./gauge-card";
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

/** The dashboard's outline while surface and settings are loading. */
function DashboardLoading() {
  return (
    <div
      role="status"
      aria-label="Reading the model and the card"
      className="grid w-full grid-cols-1 gap-4 p-3 sm:p-4 lg:grid-cols-[336px_minmax(0,1fr)]"
    >
      <Skeleton className="hidden h-[680px] lg:block" />
      <div className="flex min-w-0 flex-col gap-4">
        <Skeleton className="h-44" />
        <Skeleton className="h-72" />
        <div className="grid gap-4 xl:grid-cols-2">
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
        </div>
      </div>
    </div>
  );
}

/** What the engine could not do, or did differently from the request. It is shown once, above everything. */
function EngineNotice() {
  const engine = useEngine();
  const error = engine?.error ?? null;
  const text = error === null ? engine?.notice : [error.message, error.next].filter(Boolean).join(" ");
  if (!text) return null;
  return (
    <p
      role={error === null ? "status" : "alert"}
      className={classNames(
        "rounded-card border px-4 py-3",
        error === null ? "border-warn bg-warn-soft" : "border-bad bg-bad-soft",
      )}
    >
      {text} {error !== null && <span className="font-mono text-xs">{error.code}</span>}
    </p>
  );
}

const LayersCard = memo(function LayersCard() {
  const plan = usePlan();
  const hasGpu = usePlanCard().gpu !== null;
  if (plan === null) return null;
  const ram = `system memory ${formatBytes(plan.ram.totalBytes)}`;
  return (
    <Card
      className="flex flex-col"
      heading="Layers"
      aside={plan.gpuLayers > 0 ? `GPU ${formatBytes(plan.predicted.totalBytes)} · ${ram}` : ram}
    >
      <LayerMap plan={plan} hasGpu={hasGpu} />
      <LayerMapSummary plan={plan} hasGpu={hasGpu} />
    </Card>
  );
});

const pickContext = (contextTokens: number) => draftSettings({ N_CTX: contextTokens });

const ContextTableCard = memo(function ContextTableCard() {
  const plan = usePlan();
  const impact = useContextImpact();
  if (plan === null || impact === null) return null;
  return (
    <Card heading="Context size impact" aside={`layers that fit, of ${plan.totalLayers}`}>
      <ContextTable
        impact={impact}
        contextTokens={plan.contextTokens}
        kvType={plan.kvType}
        totalLayers={plan.totalLayers}
        onPick={pickContext}
      />
      <p className="mt-2 text-ink-3 text-xs">
        The output layer counts as one. The simple formula counts the {plan.totalLayers - 1} blocks only.
      </p>
    </Card>
  );
});
