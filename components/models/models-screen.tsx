"use client";
import { useSearchParams } from "next/navigation";
import { lazy, Suspense } from "react";
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

const CompareTab = lazy(() => import("./compare/compare-tab"));

/** The library, the hub, and models side by side. Each tab's label says how much is behind it. `?tab=downloads` is the open one. */
export function ModelsScreen() {
  const address = useSearchParams();
  const shown = address.get("tab") ?? "library";
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
      label: count === undefined ? "On this computer" : `On this computer · ${count}`,
      content: <LibraryView />,
    },
    { id: "hub", label: "Search the hub", content: <HubSearch /> },
    {
      id: "downloads",
      label: unfinished === 0 ? "Downloads" : `Downloads · ${unfinished}`,
      content: <DownloadsTab />,
    },
    {
      id: "compare",
      label: "Compare",
      content: (
        <Suspense>
          <CompareTab given={address.getAll("model")} />
        </Suspense>
      ),
    },
  ];
  return (
    <>
      <AddModels openHub={() => show("hub")} />
      <UploadList />
      <Tabs label="Where to look for a model" tabs={tabs} shown={shown} onShow={show} />
      <DropModels />
    </>
  );
}
