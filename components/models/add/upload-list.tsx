"use client";
import { Button } from "@/components/ui/button";
import { dropUpload, type ModelUpload, useUploads } from "@/lib/client/models/upload-store";
import { formatBytes, formatPartOf } from "@/lib/units/bytes";
import { ProgressBar } from "../downloads/progress-bar";

/** The files that are being copied into the models folder. */
export function UploadList() {
  const uploads = useUploads();
  if (uploads.length === 0) return null;
  return (
    <ul aria-label="Files that are copied into the models folder" className="mb-4 flex flex-col gap-3">
      {uploads.map(upload => (
        <UploadRow key={upload.id} upload={upload} />
      ))}
    </ul>
  );
}

function UploadRow({ upload }: { readonly upload: ModelUpload }) {
  const { id, fileName, fileBytes, sentBytes, state, error } = upload;
  const percent = fileBytes === 0 ? 0 : Math.floor((sentBytes / fileBytes) * 100);
  return (
    <li className="card flex flex-wrap items-center gap-x-4 gap-y-3 p-4">
      <div className="min-w-0 flex-1 basis-72">
        <h2 className="font-semibold break-words">{fileName}</h2>
        {state === "sending" && (
          <div
            role="progressbar"
            aria-label={`Copy of ${fileName}`}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
            className="mt-2"
          >
            <ProgressBar percent={percent} />
          </div>
        )}
        {state !== "failed" && (
          <p className="mt-1 text-ink-2 text-sm tabular-nums">
            {state === "done"
              ? `${formatBytes(fileBytes)} · in the library`
              : `${percent} % · ${formatPartOf(sentBytes, fileBytes)} copied into the models folder`}
          </p>
        )}
        {error !== null && (
          <p role="alert" className="mt-1 text-sm text-warn break-words">
            {error.message} {error.next} <span className="font-mono text-xs">{error.code}</span>
          </p>
        )}
      </div>
      <Button
        look="quiet"
        aria-label={state === "sending" ? `Cancel the copy of ${fileName}` : `Take ${fileName} off the list`}
        onClick={() => dropUpload(id)}
      >
        {state === "sending" ? "Cancel" : "Dismiss"}
      </Button>
    </li>
  );
}
