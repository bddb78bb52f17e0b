"use client";
import { type Tab, Tabs } from "@/components/ui/tabs";
import { useModels } from "@/lib/client/model-store";
import { HubSearch } from "./hub/hub-search";
import { LibraryView } from "./library/library-view";

/** The library and the hub. Each tab's label says how much is behind it. */
export function ModelsScreen() {
  const count = useModels().data?.models.length;
  const tabs: readonly Tab[] = [
    {
      id: "library",
      label: count === undefined ? "On this computer" : `On this computer · ${count}`,
      content: <LibraryView />,
    },
    { id: "hub", label: "Search the hub", content: <HubSearch /> },
  ];
  return <Tabs label="Where to look for a model" tabs={tabs} />;
}
