"use client";
import { type Tab, Tabs } from "@/components/ui/tabs";
import { useDownloads } from "@/lib/client/download-store";
import { useModels } from "@/lib/client/model-store";
import { isUnfinished } from "@/lib/schema/download";
import { DownloadsTab } from "./downloads/downloads-tab";
import { HubSearch } from "./hub/hub-search";
import { LibraryView } from "./library/library-view";

/** The library and the hub. Each tab's label says how much is behind it. */
export function ModelsScreen({ tab }: { readonly tab: string | undefined }) {
  const count = useModels().data?.models.length;
  const unfinished = useDownloads().filter(isUnfinished).length;
  const tabs: readonly Tab[] = [
    {
      id: "library",
      label: count === undefined ? "On this computer" : `On this computer · ${count}`,
      content: <LibraryView />,
    },
    { id: "hub", label: "Search the hub", content: <HubSearch /> },
    {
      id: "downloads",
      label: unfinished === 0 ? "Downloads" : `Downloads · ${unfinished}`,
      content: <DownloadsTab />,
    },
  ];
  return <Tabs key={tab} label="Where to look for a model" tabs={tabs} first={tab} />;
}
