"use client";
import { useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";
import { Skeleton } from "@/components/ui/skeleton";
import { type RepositoryFit, useRepositoryFit } from "@/lib/client/models/repository-fit";
import type { PlanningChoices } from "@/lib/client/planning/planning-choices";
import { bestFile } from "@/lib/plan/words/rank-files";
import { formatBytes } from "@/lib/units/bytes";
import { RepositoryFileRow } from "./repository-file-row";

/** Headers that are read at first; more on request. */
const MOST_AT_FIRST = 120;
const MOST = 1000;

interface RepositoryFilesProps {
  readonly name: string;
  /** Where its terms are accepted; null for a repository that is open to all. */
  readonly page: string | null;
  readonly choices: PlanningChoices;
}

/** The files of a repository, smallest first, each with its plan as soon as its header is read. */
export function RepositoryFiles({ name, page, choices }: RepositoryFilesProps) {
  const [most, setMost] = useState(MOST_AT_FIRST);
  const { fit, again } = useRepositoryFit(name, choices, most);
  const best = useMemo(() => bestFile(fit.files, choices.N_CTX), [fit.files, choices.N_CTX]);
  if (fit.list === null)
    return fit.problem === null ? (
      <div role="status" aria-label={`Reading the files of ${name}`} className="p-3 pt-0 sm:p-4 sm:pt-0">
        <Skeleton className="h-24" />
      </div>
    ) : (
      <div className="px-3 pb-1">
        <FitProblem fit={fit} page={page} again={again} />
      </div>
    );
  const unread = fit.files.filter(({ role }) => role === "text" || role === "draft").length - fit.list.planned;
  return (
    <div className="border-line border-t">
      <p className="px-3 py-2 text-ink-2 text-sm sm:px-4">
        <span role="status">{progressWords(fit)}</span>
        {best !== null && (
          <>
            {" "}
            Best {fit.isDone ? "here" : "so far"}: <span className="font-semibold text-ink">{best.reason}</span>
          </>
        )}
      </p>
      {fit.problem !== null && (
        <div className="-my-4 px-3">
          <FitProblem fit={fit} page={page} again={again} />
        </div>
      )}
      <ul
        aria-label={`Files of ${name}`}
        className="divide-y divide-line border-line border-t lg:grid lg:grid-cols-[minmax(8rem,1.2fr)_auto_18.5rem_minmax(7rem,1fr)_auto] lg:gap-x-4"
      >
        {fit.files.map(file => (
          <RepositoryFileRow
            key={file.source}
            file={file}
            list={fit.list}
            isBest={file.source === best?.source}
            isPending={!fit.isDone && fit.problem === null}
          />
        ))}
      </ul>
      {fit.isDone && unread > 0 && (
        <div className="border-line border-t p-3 sm:px-4">
          <Button onClick={() => setMost(MOST)}>Read the headers of {unread} more files</Button>
        </div>
      )}
    </div>
  );
}

function progressWords({ list, files, known, isDone, readBytes, waiting, problem }: RepositoryFit): string {
  const planned = list?.planned ?? 0;
  const plans = files.filter(({ plan }) => plan !== null).length;
  if (waiting !== null) return `${waiting} Reading goes on by itself.`;
  if (!isDone) return `Reading headers: ${known} of ${planned}.`;
  if (problem !== null) return `${plans} of ${planned} headers were read.`;
  const from = readBytes === 0 ? "headers read before" : `${formatBytes(readBytes)} of headers`;
  const count = plans === planned ? plans : `${plans} of ${planned}`;
  return `${count} ${planned === 1 ? "file" : "files"} planned from ${from}.`;
}

interface FitProblemProps {
  readonly fit: RepositoryFit;
  readonly page: string | null;
  readonly again: () => void;
}

function FitProblem({ fit: { problem }, page, again }: FitProblemProps) {
  if (problem === null) return null;
  return (
    <Problem message={problem.message} next={problem.next} code={problem.code}>
      <Button onClick={again}>Try again</Button>
      {page !== null && (
        <a href={page} target="_blank" rel="noreferrer" className="inline-flex min-h-8 items-center underline">
          Ask for access on its page
        </a>
      )}
    </Problem>
  );
}
