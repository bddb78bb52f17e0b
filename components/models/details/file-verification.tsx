"use client";
import { formatWhen } from "@/components/dashboard/format-when";
import { Button } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { CopyButton } from "@/components/ui/copy-button";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { useVerification } from "@/lib/client/models/model-details";
import type { HashSource, Verification } from "@/lib/schema/models/model-details";
import { formatPartOf } from "@/lib/units/bytes";
import { ProgressBar } from "../downloads/progress-bar";

type Done = Extract<Verification, { state: "done" }>;

const sourceWords: Record<HashSource, string> = {
  download: "what the hub announced when it was downloaded",
  hub: "what the hub has now",
  "file-name": "the name that its program gave it",
};

const verdictWords = ({ verdict, source }: Done): string => {
  if (verdict === "unknown" || source === null) return "No published sha256 is known. This is the file's own.";
  return verdict === "matches"
    ? `The content matches ${sourceWords[source]}.`
    : source === "hub"
      ? "The content differs from what the hub has now: it is damaged, or an older version. Download it again to be sure."
      : `The content differs from ${sourceWords[source]}: download it again.`;
};

const hubNowWords = {
  other: "The hub has a newer file under this name. To get it, move this one to the trash and download it again.",
  gone: "The hub does not have this file any more. This copy can still be used.",
} as const;

const verdictLooks = { matches: "text-good", differs: "text-bad", unknown: "text-ink" } as const;

/** Reads the whole file on a press, and says whether it is the published one. */
export function FileVerification({ name }: { readonly name: string }) {
  const { data, start, cancel } = useVerification(name);
  if (data === null) return <div className="mt-3 min-h-8" />;
  const begin = () => void reportFailure("Not verified", start);
  if (data.state === "running") {
    const { hashedBytes, totalBytes } = data;
    const percent = totalBytes === 0 ? 0 : Math.floor((hashedBytes / totalBytes) * 100);
    return (
      <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-40 flex-1">
          <div
            role="progressbar"
            aria-label={`Verification of ${name}`}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
          >
            <ProgressBar percent={percent} />
          </div>
          <p className="mt-1 text-ink-2 text-sm tabular-nums">
            {percent} % · {formatPartOf(hashedBytes, totalBytes)} read
          </p>
        </div>
        <Button onClick={() => void reportFailure("Not cancelled", cancel)}>Cancel</Button>
      </div>
    );
  }
  return (
    <div className="mt-3">
      {data.state === "failed" && (
        <p role="alert" className="mb-2 text-sm text-warn break-words">
          {data.error.message} {data.error.next}
        </p>
      )}
      {data.state === "done" && <VerificationResult result={data} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button onClick={begin}>{data.state === "none" ? "Verify" : "Verify again"}</Button>
        {data.state === "done" && (
          <CopyButton
            label="Copy sha256"
            text={() => data.parts.map(({ sha256, file }) => `${sha256}  ${file}`).join("\n")}
          />
        )}
        {data.state === "none" && (
          <p className="min-w-40 flex-1 text-ink-2 text-sm">
            Reads the whole file and compares its sha256 with the published one.
          </p>
        )}
      </div>
    </div>
  );
}

function VerificationResult({ result }: { readonly result: Done }) {
  const { verdict, parts, atMs, hubProblem, hubNow } = result;
  return (
    <div className="mb-2">
      <p role="status" className="text-sm">
        <span className={classNames("font-semibold", verdictLooks[verdict])}>{verdictWords(result)}</span>{" "}
        <span className="text-ink-2">Verified {formatWhen(atMs)}.</span>
      </p>
      {hubNow !== null && hubNow !== "same" && <p className="mt-1 text-sm text-warn">{hubNowWords[hubNow]}</p>}
      {hubProblem !== null && hubNow === null && (
        <p className="mt-1 text-ink-2 text-sm">None came from the hub: {hubProblem}</p>
      )}
      <ul className="mt-1 max-h-40 overflow-auto font-mono text-xs">
        {parts.map(({ file, sha256, published }) => (
          <li key={file} className="break-all">
            {parts.length > 1 && <span className="text-ink-2">{file} </span>}
            {sha256}
            {published !== null && published !== sha256 && (
              <span className="block text-bad">published: {published}</span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
