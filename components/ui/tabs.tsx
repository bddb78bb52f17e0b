"use client";
import { Tabs as BaseTabs } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface Tab {
  readonly id: string;
  readonly label: string;
  /** What a phone shows of it, where all tabs together would not fit. */
  readonly shortLabel?: string;
  readonly content: ReactNode;
}

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  /** Id of the panel that is shown, where the parent chooses it; an unknown one shows the first. */
  readonly shown?: string;
  readonly onShow?: (id: string) => void;
}

/** Panels, one of which is shown; the others are not rendered. Arrow keys move between the tabs. */
export function Tabs({ label, tabs, shown, onShow }: TabsProps) {
  const first = tabs[0]?.id;
  const choice =
    shown === undefined ? { defaultValue: first } : { value: tabs.find(({ id }) => id === shown)?.id ?? first };
  return (
    <BaseTabs.Root {...choice} onValueChange={(id: string) => onShow?.(id)}>
      <BaseTabs.List aria-label={label} className="-mt-1 mb-3 flex flex-wrap gap-x-2.5 border-line border-b sm:gap-x-5">
        {tabs.map(tab => (
          <BaseTabs.Tab
            key={tab.id}
            value={tab.id}
            aria-label={tab.shortLabel === undefined ? undefined : tab.label}
            className="-mb-px min-h-9 border-transparent border-b-2 px-0.5 text-ink-2 text-sm whitespace-nowrap hover:text-ink data-active:border-accent data-active:font-semibold data-active:text-ink"
          >
            <TabLabel {...tab} />
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      {tabs.map(tab => (
        <BaseTabs.Panel key={tab.id} value={tab.id} className="min-w-0 outline-offset-4">
          {tab.content}
        </BaseTabs.Panel>
      ))}
    </BaseTabs.Root>
  );
}

const TabLabel = ({ label, shortLabel }: Tab) =>
  shortLabel === undefined ? (
    label
  ) : (
    <>
      <span className="sm:hidden">{shortLabel}</span>
      <span className="hidden sm:inline">{label}</span>
    </>
  );
