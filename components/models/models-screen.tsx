"use client";
import { useSearchParams } from "next/navigation";
import { lazy, Suspense, useSyncExternalStore } from "react";
import { type Tab, Tabs } from "@/components/ui/tabs";
import { useDownloads } from "@/lib/client/models/download-store";
import { useModels } from "@/lib/client/models/model-store";
import { isUnfinished } from "@/lib/schema/models/download";
import { AddModels } from "./add/add-models";
import { DropModels } from "./add/drop-models";
import { UploadList } from "./add/upload-list";
import { DownloadsTab } from "./downloads/downloads-tab";
import { HubSearch } from "./hub/hub-search";
import { LibraryView } from "./library/library-view";
import { PicksSection } from "./picks/picks-section";
import { PlanningFor } from "./planning-for";

const never = () => () => {};

const CompareTab = lazy(() => import("./compare/compare-tab"));
const EnginesTab = lazy(() => import("./engines/engines-tab"));

interface ModelsScreenProps {
  /** Picks are for a card of this size instead of this computer's. */
  readonly cardMib: number | undefined;
}

/**
 * Picks, the library, the hub, and models side by side. Each tab's label says how much is behind it; `?tab=downloads` is the open one.
 * Whatever is shown, the tabs are at the same place.
 */
export function ModelsScreen({ cardMib }: ModelsScreenProps) {
  const address = useSearchParams();
  const shown = address.get("tab") ?? "library";
  // The server's form of Compare would be replaced when its code arrives, and what was typed by then would be lost.
  const isInBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  const show = (tab: string) => {
    const next = new URLSearchParams(address);
    next.set("tab", tab);
    window.history.replaceState(null, "", `/models?${next}`);
  };
  const count = useModels().data?.models.length;
  const unfinished = useDownloads().filter(isUnfinished).length;
  const tabs: readonly Tab[] = [
    {
      id: "library",
      label: `On this computer${countWords(count)}`,
      shortLabel: "Computer",
      content: (
        <>
          <PlanningFor />
          <PicksSection cardMib={cardMib} />
          <p className="mb-3 text-ink-2">Models on this computer. Each is planned with its own settings.</p>
          <LibraryView />
        </>
      ),
    },
    {
      id: "hub",
      label: "Search the hub",
      shortLabel: "Hub",
      content: (
        <>
          <PlanningFor />
          <HubSearch />
        </>
      ),
    },
    {
      id: "downloads",
      label: `Downloads${countWords(unfinished || undefined)}`,
      content: <DownloadsTab />,
    },
    {
      id: "compare",
      label: "Compare",
      content: isInBrowser && (
        <Suspense>
          <CompareTab given={address.getAll("model")} />
        </Suspense>
      ),
    },
    {
      id: "engines",
      label: "Engines",
      content: (
        <Suspense>
          <EnginesTab />
        </Suspense>
      ),
    },
  ];
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <h1 className="font-semibold text-sentence tracking-[-0.01em]">Models</h1>
        <AddModels openHub={() => show("hub")} />
      </div>
      <UploadList />
      <Tabs label="Where to look for a model" tabs={tabs} shown={shown} onShow={show} />
      <DropModels />
    </>
  );
}

const countWords = (count: number | undefined): string => (count === undefined ? "" : ` · ${count}`);
