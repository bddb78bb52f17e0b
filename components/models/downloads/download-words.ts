import type { Download } from "@/lib/schema/models/download";
import { formatBytes } from "@/lib/units/bytes";
import { formatDuration } from "@/lib/units/durations";

/** null until the size is known. */
export const downloadPercent = ({ totalBytes, receivedBytes }: Download): number | null =>
  totalBytes === null || totalBytes === 0 ? null : Math.floor((receivedBytes / totalBytes) * 100);

const formatSpeed = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

/** What it does now, in a few words: "12 MiB/s · 3 min 20 s left". */
export function downloadWords(download: Download): string {
  switch (download.state) {
    case "queued":
      return "waits for its turn";
    case "starting":
      return "asks the server";
    case "downloading": {
      const { bytesPerSecond, secondsLeft } = download;
      if (bytesPerSecond === null) return "begins";
      return secondsLeft === null
        ? formatSpeed(bytesPerSecond)
        : `${formatSpeed(bytesPerSecond)} · ${formatDuration(secondsLeft * 1000)} left`;
    }
    case "paused":
      return "paused";
    case "waiting":
      return `tries again at ${new Date(download.untilMs).toLocaleTimeString()}`;
    case "verifying":
      return "checks the file";
    case "done":
      return download.hasPublishedHash === false ? "done; there is no published hash to check it against" : "done";
    case "failed":
      return "failed";
  }
}

/** The last part of a path. */
export const fileNameOf = (name: string): string => name.split("/").at(-1) ?? name;
