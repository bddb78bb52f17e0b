"use client";
import { ChevronRight } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useSettings } from "@/lib/client/planning/settings-store";
import { surfaceStore } from "@/lib/client/planning/surface-store";
import { useStore } from "@/lib/client/use-store";
import type { SettingGroup } from "@/lib/schema/settings/setting-row";
import { type SettingKey, settingKeys } from "@/lib/schema/settings/settings";
import { ApplyBar } from "./apply-bar";
import { ModelAndCard } from "./model-and-card";
import { ModelOverrides } from "./model-overrides";
import { SettingField } from "./setting-field";
import { rowOf } from "./setting-format";
import { StickyPlan } from "./sticky-plan";

/** The model has its own screen, so it heads the panel instead of being a row. */
const sections: readonly { group: SettingGroup; heading: string; isOpen: boolean }[] = [
  { group: "memory", heading: "Memory", isOpen: true },
  { group: "compute", heading: "Compute", isOpen: true },
  { group: "sampling", heading: "Sampling", isOpen: false },
  { group: "chat", heading: "Chat", isOpen: false },
  { group: "api", heading: "API", isOpen: false },
];

type SurfaceInputs = NonNullable<ReturnType<typeof surfaceStore.get>["data"]>;

/** A model without experts has nothing to place, and one card nothing to share. */
function hiddenKeys(inputs: SurfaceInputs | null): string {
  const gpu = inputs?.gpu ?? null;
  const hasCards = gpu?.placesExperts === true && (gpu.cards?.length ?? 0) > 1;
  return [
    ...(inputs?.surface.computeExpertsInRam === undefined ? ["EXPERTS_IN_RAM"] : []),
    ...(hasCards ? [] : ["GPUS", "CARD_CHOICE", "TENSOR_SPLIT"]),
    ...(gpu?.placesExperts === true ? [] : ["KV_IN_RAM"]),
  ].join(" ");
}

/** Every setting of the table, with the control that its row defines. */
export const SettingsPanel = memo(function SettingsPanel() {
  const hides = useStore(surfaceStore, ({ data }) => hiddenKeys(data));
  const isShown = (key: SettingKey) => !hides.includes(key);
  return (
    <section
      aria-label="Settings"
      className="card flex min-w-0 flex-col lg:max-h-[calc(100dvh-var(--header-height)-2rem)]"
    >
      <StickyPlan />
      <div className="min-h-0 flex-1 lg:overflow-y-auto">
        <ModelAndCard />
        <SettingsNotice />
        <ModelOverrides />
        {sections.map(({ group, heading, isOpen }) => (
          <SettingsSection key={group} heading={heading} isOpen={isOpen}>
            {settingKeys
              .filter(key => rowOf(key).group === group && isShown(key))
              .map(key => (
                <SettingField key={key} settingKey={key} />
              ))}
          </SettingsSection>
        ))}
      </div>
      <ApplyBar />
    </section>
  );
});

/** Says what went wrong with modelconf.json, if anything did. */
function SettingsNotice() {
  const notice = useSettings(state => state.notice);
  if (notice === null) return null;
  return (
    <p role="status" className="border-line border-b bg-warn-soft px-4 py-3 text-sm">
      {notice}
    </p>
  );
}

interface SettingsSectionProps {
  readonly heading: string;
  readonly isOpen?: boolean;
  readonly children: ReactNode;
}

/** A group of settings that can be folded. */
function SettingsSection({ heading, isOpen = false, children }: SettingsSectionProps) {
  return (
    <details open={isOpen} className="group border-line border-b px-4 py-1.5 last:border-b-0">
      <summary className="-mx-2 flex min-h-9 list-none items-center gap-1.5 rounded-control px-2 font-semibold text-sm hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <h3>{heading}</h3>
        <ChevronRight aria-hidden size={15} className="ml-auto text-ink-3 transition-transform group-open:rotate-90" />
      </summary>
      <div className="flex flex-col gap-2 pt-0.5 pb-2 sm:max-lg:grid sm:max-lg:grid-cols-2 sm:max-lg:gap-x-8">
        {children}
      </div>
    </details>
  );
}
