"use client";
import { useState } from "react";
import { type Tab, Tabs } from "@/components/ui/tabs";
import { useDownloads } from "@/lib/client/download-store";
import { useModels } from "@/lib/client/model-store";
import { isUnfinished } from "@/lib/schema/download";
import { AddModels } from "./add/add-models";
import { DropModels } from "./add/drop-models";
import { UploadList } from "./add/upload-list";
import { DownloadsTab } from "./downloads/downloads-tab";
import { HubSearch } from "./hub/hub-search";
import { LibraryView } from "./library/library-view";

/** The library and the hub. Each tab's label says how much is behind it. @param tab the one that is open first */
export function ModelsScreen({ tab = "library" }: { readonly tab: string | undefined }) {
  const [shown, setShown] = useState(tab);
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
  return (
    <>
      <AddModels openHub={() => setShown("hub")} />
      <UploadList />
      <Tabs label="Where to look for a model" tabs={tabs} shown={shown} onShow={setShown} />
      <DropModels />
    </>
  );
}
