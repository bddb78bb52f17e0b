"use client";
import Link from "next/link";
import { memo, type ReactNode } from "react";
import { buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { MemoryBar } from "@/components/ui/memory-bar";
import { memoryPartLooks, partBytes, partsInWords } from "@/components/vram/memory/memory-parts";
import type { RepositoryFit } from "@/lib/client/models/repository-fit";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import type { FileRole, FitFile } from "@/lib/schema/models/remote-models";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";
import { GetButton } from "../downloads/get-button";
import { PlanBadge, PlanSpeedWords } from "../plan-badge";

const roleWords: Readonly<Record<Exclude<FileRole, "text">, string>> = {
  embedding: "Makes embeddings; it cannot chat.",
  projector: "Reads images for another model of this repository; it cannot chat.",
  adapter: "A LoRA adapter for another model; it cannot chat.",
  draft: "A draft model: it speeds up a larger model by guessing its next words.",
  calibration: "An importance matrix for making quantizations; it is no model.",
  other: "It cannot chat.",
};

interface RepositoryFileRowProps {
  readonly file: FitFile;
  readonly list: RepositoryFit["list"];
  readonly isBest: boolean;
  /** Its header may still come. */
  readonly isPending: boolean;
}

/** One file: what it is, how it would run here, and the way to its plan. On a phone it is a card. */
export const RepositoryFileRow = memo(function RepositoryFileRow(props: RepositoryFileRowProps) {
  const { file, isBest } = props;
  // The name says more about a file that is no model of its own.
  const isNamedByQuantization = file.quantization !== null && (file.role === "text" || file.role === "embedding");
  return (
    <li
      aria-current={isBest ? "true" : undefined}
      className={classNames(
        "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-2 px-3 py-2.5 text-sm last:rounded-b-card sm:px-4 lg:col-span-5 lg:grid-cols-subgrid",
        isBest && "bg-accent-soft",
      )}
    >
      <div className="min-w-0">
        <h3 className="font-semibold break-words">
          {isNamedByQuantization ? file.quantization : file.name}
          {isBest && <span className="ml-2 font-normal text-accent text-xs">best here</span>}
        </h3>
        {isNamedByQuantization && <p className="text-ink-3 text-xs break-words">{file.name}</p>}
        {file.parts > 1 && <p className="text-ink-3 text-xs">{file.parts} parts</p>}
      </div>
      <span className="text-right tabular-nums lg:text-left">{formatBytes(file.fileBytes)}</span>
      <Outcome {...props} />
      <div className="col-span-2 flex items-center justify-end gap-2 sm:col-span-1 lg:col-start-5">
        {file.plan !== null && (
          <Link
            href={dashboardAddress(file.source)}
            prefetch={false}
            className={buttonClass("plain")}
            aria-label={`Plan of ${file.name}`}
          >
            Plan
          </Link>
        )}
        {file.plan !== null && <GetButton source={file.source} bytes={null} look={isBest ? "primary" : "plain"} />}
      </div>
    </li>
  );
});

function Outcome({ file, list, isPending }: RepositoryFileRowProps) {
  if (file.plan !== null && list !== null) return <Planned plan={file.plan} file={file} list={list} />;
  if (file.role !== "text" && file.role !== "draft") return <Note>{roleWords[file.role]}</Note>;
  if (file.problem !== null)
    return (
      <Note>
        <span className="text-warn">{file.problem.message}</span>{" "}
        <span className="font-mono text-xs">{file.problem.code}</span>
      </Note>
    );
  return <Note>{isPending ? "Reading its header…" : "Not read."}</Note>;
}

const Note = ({ children }: { readonly children: ReactNode }) => (
  <p className="col-span-2 min-w-0 text-ink-2 break-words">{children}</p>
);

/** Without a card the badge says where too little memory is left. */
function contextWords({ largestContextTokens: tokens }: FitFile, hasCard: boolean): string {
  if (tokens === null) return hasCard ? "Not all layers fit at any context" : "";
  return `${hasCard ? "All layers" : "Fits"} up to ${formatTokens(tokens)} tokens`;
}

interface PlannedProps {
  readonly file: FitFile;
  readonly plan: NonNullable<FitFile["plan"]>;
  readonly list: NonNullable<RepositoryFit["list"]>;
}

function Planned({ file, plan, list: { card, ramTotalBytes } }: PlannedProps) {
  const onCard = card !== null && plan.kind !== "cpu-only";
  const bytes = onCard ? partBytes(plan.predicted, card.othersBytes) : partBytes(plan.ram, 0);
  const totalBytes = onCard ? card.totalBytes : ramTotalBytes;
  const where = onCard ? "GPU memory" : "System memory";
  return (
    <>
      <div className="col-span-2 flex flex-wrap items-center gap-x-3 gap-y-1 lg:col-span-1">
        <PlanBadge plan={plan} />
        <PlanSpeedWords plan={plan} />
        {file.role === "draft" && <p className="text-ink-2 text-xs">{roleWords.draft}</p>}
      </div>
      <div className="col-span-2 min-w-0 sm:col-span-1">
        <MemoryBar
          label={`${where} for ${file.name}`}
          valueText={partsInWords(bytes, totalBytes)}
          totalBytes={totalBytes}
          parts={memoryPartLooks.map(({ id, name, fill }) => ({ name, fill, bytes: bytes[id] }))}
          className="h-3 rounded-[4px] bg-sunken shadow-[0_0_0_1px_var(--line-strong)]"
        />
        <p className="mt-1 text-ink-2 text-xs tabular-nums">{contextWords(file, card !== null)}</p>
      </div>
    </>
  );
}
