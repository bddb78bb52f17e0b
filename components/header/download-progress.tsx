"use client";
import { lazy, Suspense } from "react";
import { useLive } from "@/lib/client/live-store";

const DownloadStatus = lazy(() => import("./download-status"));

/** The state of downloads in the header. Its code loads with the first download. */
export function DownloadProgress() {
  const hasDownloads = useLive(state => state.downloads.length > 0);
  return <Suspense>{hasDownloads && <DownloadStatus />}</Suspense>;
}
