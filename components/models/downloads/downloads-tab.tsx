"use client";
import Link from "next/link";
import { Button, buttonClass } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { type DownloadAction, steerDownload, useDownloads } from "@/lib/client/models/download-store";
import { type Download, isUnfinished } from "@/lib/schema/models/download";
import { formatBytes, formatPartOf } from "@/lib/units/bytes";
import { downloadPercent, downloadWords, fileNameOf } from "./download-words";
import { GetButton } from "./get-button";
import { ProgressBar } from "./progress-bar";
import { SpeedLimitField } from "./speed-limit-field";

/** Everything that is fetched, waits, or is over. */
export function DownloadsTab() {
  const downloads = useDownloads();
  return (
    <>
      <SpeedLimitField />
      {downloads.length === 0 && (
        <Empty>
          <p className="mb-3">
            Nothing is being downloaded. What you get from the hub comes here, and into the library when it is whole and
            checked.
          </p>
          <Link href="/models?tab=hub" prefetch={false} className={buttonClass("plain")}>
            Search the hub
          </Link>
        </Empty>
      )}
      <ul className="flex flex-col gap-3">
        {downloads.map(download => (
          <DownloadRow key={download.id} download={download} />
        ))}
      </ul>
    </>
  );
}

/** How much of it is here, and what it does now. */
function stateWords(download: Download): string {
  const { state, totalBytes, receivedBytes } = download;
  const percent = isUnfinished(download) ? downloadPercent(download) : null;
  const size =
    totalBytes === null ? null : state === "done" ? formatBytes(totalBytes) : formatPartOf(receivedBytes, totalBytes);
  return [percent === null ? null : `${percent} %`, size, downloadWords(download)]
    .filter(words => words !== null)
    .join(" · ");
}

function DownloadRow({ download }: { readonly download: Download }) {
  const percent = downloadPercent(download);
  const file = fileNameOf(download.name);
  const steer = (action: DownloadAction) =>
    void reportFailure(`${file} stays as it is`, () => steerDownload(download.id, action));
  return (
    <li className="card flex flex-wrap items-center gap-x-4 gap-y-3 p-4">
      <div className="min-w-0 flex-1 basis-72">
        <h2 className="font-semibold break-words">{file}</h2>
        <p className="mt-0.5 text-ink-2 text-sm break-words">{download.name.split("/").slice(0, -1).join("/")}</p>
        {isUnfinished(download) && percent !== null && (
          <div
            role="progressbar"
            aria-label={`Download of ${file}`}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
            aria-valuetext={`${percent} %, ${downloadWords(download)}`}
            className="mt-2"
          >
            <ProgressBar percent={percent} />
          </div>
        )}
        <p className="mt-1 text-ink-2 text-sm tabular-nums">{stateWords(download)}</p>
        <Reason download={download} />
      </div>
      <div className="flex flex-wrap items-center gap-3 sm:w-64 sm:justify-end">
        <GetButton source={download.source} bytes={download.totalBytes} />
        {isUnfinished(download) ? (
          download.state !== "queued" && (
            <Button look="quiet" aria-label={`Cancel ${file}`} onClick={() => steer("cancel")}>
              Cancel
            </Button>
          )
        ) : (
          <Button look="quiet" aria-label={`Take ${file} off the list`} onClick={() => steer("dismiss")}>
            Dismiss
          </Button>
        )}
      </div>
    </li>
  );
}

/** Why it waits or failed, with the next step. */
function Reason({ download }: { readonly download: Download }) {
  const reason = "error" in download ? download.error : "why" in download ? download.why : null;
  if (reason === null) return null;
  return (
    <p className="mt-1 text-sm text-warn break-words">
      {reason.message} <WithLinks text={reason.next ?? ""} /> <span className="font-mono text-xs">{reason.code}</span>
    </p>
  );
}

/** A next step may name a page: where the terms of a repository are accepted. */
const WithLinks = ({ text }: { readonly text: string }) =>
  text.split(/(https?:\/\/[^\s,]+)/).map((piece, index) =>
    index % 2 === 1 ? (
      <a key={piece} href={piece} target="_blank" rel="noreferrer" className="underline">
        {piece}
      </a>
    ) : (
      piece
    ),
  );
