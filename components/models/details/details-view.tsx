"use client";
import { ChevronLeft } from "lucide-react";
import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Problem } from "@/components/ui/problem";
import { Skeleton } from "@/components/ui/skeleton";
import { useModelDetails } from "@/lib/client/models/model-details";
import type { ModelDetails } from "@/lib/schema/models/model-details";
import { formatBytes } from "@/lib/units/bytes";
import { canChat } from "../library/model-facts";
import { FileVerification } from "./file-verification";
import { HeaderCard } from "./header-card";
import { ModelHead } from "./model-head";
import { ModelLayersCard } from "./model-layers-card";
import { OwnSettingsCard } from "./own-settings-card";
import { TemplateCard } from "./template-card";
import { TensorsCard } from "./tensors-card";

/** Everything about one file of the library. */
export function DetailsView({ name }: { readonly name: string }) {
  const { data, error, refresh } = useModelDetails(name);
  return (
    <>
      <Link href="/models" prefetch={false} className="mb-2 inline-flex min-h-6 items-center gap-1 text-ink-2 text-sm">
        <ChevronLeft aria-hidden size={14} />
        All models
      </Link>
      {error !== null && (
        <>
          <h1 className="font-semibold text-sentence break-words">{name}</h1>
          <Problem message={error.message} next={error.next} code={error.code}>
            <Link href="/models" prefetch={false} className={buttonClass("primary")}>
              See all models
            </Link>
          </Problem>
        </>
      )}
      {data !== null && <Details details={data} refresh={refresh} />}
      {data === null && error === null && (
        <div role="status" aria-label="Reading the model" className="flex flex-col gap-3">
          <Skeleton className="h-28" />
          <Skeleton className="h-40" />
        </div>
      )}
    </>
  );
}

interface DetailsProps {
  readonly details: ModelDetails;
  readonly refresh: () => Promise<void>;
}

function Details({ details, refresh }: DetailsProps) {
  const { model, header, chatTemplate, headerProblem } = details;
  return (
    <>
      <ModelHead details={details} />
      <div className="mt-4 grid items-start gap-4 lg:grid-cols-2">
        <FileCard details={details} />
        <OwnSettingsCard name={model.name} own={details.ownSettings} refresh={refresh} />
        {model.plan !== null && (
          <div className="min-w-0 lg:col-span-2">
            <ModelLayersCard key={JSON.stringify(details.ownSettings)} name={model.name} />
          </div>
        )}
        {header !== null && <TensorsCard header={header} />}
        {(canChat(model) || chatTemplate !== null) && <TemplateCard name={model.name} template={chatTemplate} />}
        {header !== null && (
          <div className="min-w-0 lg:col-span-2">
            <HeaderCard name={model.name} />
          </div>
        )}
        {headerProblem !== null && model.problem === null && (
          <p className="text-warn lg:col-span-2">{headerProblem.message}</p>
        )}
      </div>
    </>
  );
}

const dateOf = (ms: number): string =>
  new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Where the file is, and whether its content is what was published. */
function FileCard({ details: { model, path, fileNames, header } }: { readonly details: ModelDetails }) {
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
