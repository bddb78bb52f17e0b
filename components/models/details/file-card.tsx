"use client";
import { Card } from "@/components/ui/card";
import type { ModelDetails } from "@/lib/schema/model-details";
import { formatBytes } from "@/lib/units/bytes";
import { FileVerification } from "./file-verification";

const dateOf = (ms: number): string =>
  new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Where the file is, and whether its content is what was published. */
export function FileCard({ details: { model, path, fileNames, header } }: { readonly details: ModelDetails }) {
  const { fileBytes, modifiedAtMs, name } = model;
  return (
    <Card heading="File" aside={fileBytes > 0 ? formatBytes(fileBytes) : undefined}>
      <p className="font-mono text-xs break-all">{path}</p>
      <p className="mt-1 text-ink-2 text-sm">
        {fileNames.length > 1 && `${fileNames.length} parts · `}
        {modifiedAtMs > 0 && `changed ${dateOf(modifiedAtMs)}`}
        {header !== null && ` · GGUF version ${header.ggufVersion}, header of ${formatBytes(header.bytes)}`}
      </p>
      {fileBytes > 0 && <FileVerification name={name} />}
    </Card>
  );
}
