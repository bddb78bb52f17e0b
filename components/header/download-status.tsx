"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { downloadPercent, downloadWords, fileNameOf } from "@/components/models/downloads/download-words";
import { ProgressBar } from "@/components/models/downloads/progress-bar";
import { chatAndReport } from "@/components/settings/apply-and-report";
import { showToast } from "@/components/ui/toast/toast";
import { useDownloads } from "@/lib/client/models/download-store";
import { type Download, isUnfinished } from "@/lib/schema/models/download";

/** Ends that this tab has announced, or that were over before it was opened. */
const announced = new Set<string>();
/** Downloads that this tab has seen under way. */
const seen = new Set<string>();

/** What is fetched now, on every screen, and a message when it is done. It links to the downloads. */
export default function DownloadStatus() {
  const downloads = useDownloads();
  const router = useRouter();
  useEffect(() => {
    for (const download of downloads) announce(download, path => router.push(path));
  }, [downloads, router]);
  const unfinished = downloads.filter(isUnfinished);
  const shown = unfinished.toSorted((one, other) => rank(one) - rank(other))[0];
  if (shown === undefined) return null;
  const percent = downloadPercent(shown);
  const more = unfinished.length > 1 ? ` +${unfinished.length - 1}` : "";
  return (
    <Link
      href="/models?tab=downloads"
      prefetch={false}
      aria-label={`Downloads: ${fileNameOf(shown.name)}, ${percent === null ? "" : `${percent} %, `}${downloadWords(shown)}`}
      className="flex min-h-8 shrink-0 items-center gap-2 rounded-control px-1 text-ink-2 text-sm whitespace-nowrap hover:bg-sunken sm:px-2"
    >
      <span aria-hidden className="hidden max-w-40 truncate 2xl:block">
        {fileNameOf(shown.name)}
      </span>
      <span aria-hidden className="hidden w-14 sm:block">
        <ProgressBar percent={percent} />
      </span>
      <span aria-hidden className="tabular-nums">
        {percent === null ? "…" : `${percent} %`}
        {more}
      </span>
      <span aria-hidden className="hidden tabular-nums xl:inline">
        {downloadWords(shown)}
      </span>
    </Link>
  );
}

/** The one that moves first, then one that will by itself. */
function rank({ state }: Download): number {
  if (state === "paused") return 2;
  return state === "queued" || state === "waiting" ? 1 : 0;
}

function announce(download: Download, goToPage: (path: string) => void): void {
  const { id, name } = download;
  if (isUnfinished(download)) {
    seen.add(id);
    announced.delete(id);
    return;
  }
  const isNews = seen.has(id) || download.addedAtMs > performance.timeOrigin;
  if (announced.has(id) || !isNews) return;
  announced.add(id);
  if (download.state === "failed") {
    const { message, next = "" } = download.error;
    showToast({ title: `${fileNameOf(name)} was not fetched`, description: `${message} ${next}`, tone: "bad" });
  } else if (download.state === "done")
    showToast({
      about: name,
      title: `${fileNameOf(name)} is here`,
      description:
        download.hasPublishedHash === false
          ? "It is in the models folder. There is no published hash to check it against."
          : "It was checked and is in the models folder.",
      action: { label: "Load now", run: () => void chatAndReport(name, goToPage) },
    });
}
