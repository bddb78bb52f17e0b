import { setTimeout as sleep } from "node:timers/promises";
import { bestFile } from "@/lib/plan/words/rank-files";
import type { Download } from "@/lib/schema/models/download";
import { escapeLine } from "@/lib/server/system/escape-line";
import { RequestError } from "@/lib/server/system/request-error";
import { formatBytes, formatPartOf } from "@/lib/units/bytes";
import { formatDuration } from "@/lib/units/durations";
import { readFit } from "./fit-command";
import { type LibraryHolder, openLibrary } from "./library-holder";
import { addressOf, barOf, type Run, repositoryOf, say, whenHubAllows } from "./models-run";

const LOOK_MS = 250;

/** `npm run models -- pull`: downloads a model into the models folder. */
export async function pullCommand(run: Run): Promise<void> {
  const { environment, core } = run;
  const source = await sourceToPull(run);
  const library = await openLibrary(environment, core);
  try {
    const { id, name } = await library.startDownload(source);
    const download = await followDownload(run, library, id);
    say(run, { name, source: download.source, bytes: download.totalBytes }, `${name} is in the library.`);
  } finally {
    await library.close();
  }
}

async function sourceToPull(run: Run): Promise<string> {
  const { options, environment, core, complain } = run;
  const address = addressOf(options.subject, environment);
  if (address.kind === "file") return address.source;
  const found = await whenHubAllows(run, () => core.remoteModels.find(options.subject));
  if (found.kind === "file") return found.source;
  const named = new Set(found.files.map(({ source }) => source));
  const { files, contextTokens } = await readFit(run, repositoryOf(run));
  const best = bestFile(
    files.filter(({ source }) => named.has(source)),
    contextTokens,
  );
  if (best === null)
    throw new RequestError(
      "OUT_OF_MEMORY",
      `No file of ${found.name} would run here. To download one anyway, name it: ${found.name}:${found.files[0]?.quantization ?? "Q4_K_M"}.`,
    );
  complain(escapeLine(best.reason));
  return best.source;
}

/** @throws RequestError when it has failed for good */
async function followDownload(run: Run, library: LibraryHolder, id: string): Promise<Download> {
  for (;;) {
    run.signal.throwIfAborted();
    const download = (await library.downloads()).find(each => each.id === id);
    if (download === undefined) throw new RequestError("CANCELLED", "The download was cancelled.");
    if (download.state === "paused") throw new RequestError("CANCELLED", "The download was paused.");
    if (download.state === "failed") throw new RequestError(download.error.code, download.error.message);
    if (download.state === "done") {
      run.progress(null);
      return download;
    }
    run.progress(downloadLine(download));
    await sleep(LOOK_MS, undefined, { signal: run.signal });
  }
}

function downloadLine(download: Download): string {
  const { totalBytes, receivedBytes } = download;
  const share = totalBytes === null || totalBytes === 0 ? null : receivedBytes / totalBytes;
  const size = totalBytes === null ? "" : formatPartOf(receivedBytes, totalBytes);
  return [barOf(share), size, stateWords(download)].filter(Boolean).join("  ");
}

function stateWords(download: Download): string {
  if (download.state === "waiting")
    return `${download.why.message} Again in ${formatDuration(download.untilMs - Date.now())}.`;
  if (download.state !== "downloading") return download.state;
  const { bytesPerSecond, secondsLeft } = download;
  if (bytesPerSecond === null) return "";
  const left = secondsLeft === null ? "" : `, ${formatDuration(secondsLeft * 1000)} left`;
  return `${formatBytes(bytesPerSecond)}/s${left}`;
}
