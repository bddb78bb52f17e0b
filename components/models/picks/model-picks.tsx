"use client";
import Link from "next/link";
import { Button, buttonClass } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";
import { Skeleton } from "@/components/ui/skeleton";
import { usePicks } from "@/lib/client/model-picks";
import { useModels } from "@/lib/client/model-store";
import { dashboardAddress } from "@/lib/client/planned-model";
import { useChangedChoices } from "@/lib/client/planning-choices";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { ModelPicks as Picks } from "@/lib/schema/model-picks";
import { canChat } from "../library/model-facts";
import { PickCard } from "./pick-card";
import { computerWords, missingWords, picksTitle } from "./pick-words";

interface ModelPicksProps {
  /** A card of this size instead of this computer's. */
  readonly cardMib?: number | undefined;
}

/** Three models for this computer. Opening the page asks nobody: the list's figures come with Headroom. */
export function ModelPicks({ cardMib }: ModelPicksProps) {
  const choices = useChangedChoices();
  const { data, error, isChecking, check, retry } = usePicks({ ...choices, ...(cardMib !== undefined && { cardMib }) });
  if (error !== null && data === null)
    return (
      <Problem message={error.message} next={error.next} code={error.code}>
        <Button onClick={retry}>Try again</Button>
      </Problem>
    );
  if (data === null) return <PicksLoading />;
  const isAway = data.picks.every(pick => pick.problem !== null);
  const problem = (isAway ? data.picks[0]?.problem : null) ?? error;
  return (
    <section aria-labelledby="picks-title" className="mb-6">
      <h2 id="picks-title" className="text-balance font-semibold text-lg">
        {picksTitle(data)}
      </h2>
      <p className="mb-3 text-ink-2 text-sm">{computerWords(data)}</p>
      {problem !== null && <AwayFromHub problem={problem} />}
      {data.picks.length === 0 ? (
        <p className="text-ink-2">
          Even the smallest model of the list needs more memory than is available. Closing other programs helps.
        </p>
      ) : (
        <ul className="grid gap-3 md:grid-cols-3">
          {data.picks.map(pick => (
            <PickCard key={pick.source} pick={isAway ? { ...pick, problem: null } : pick} answer={data} />
          ))}
        </ul>
      )}
      <Basis answer={data} isChecking={isChecking} check={check} />
    </section>
  );
}

interface BasisProps {
  readonly answer: Picks;
  readonly isChecking: boolean;
  readonly check: () => void;
}

/** Where the figures come from, and the press that makes them exact. */
function Basis({ answer, isChecking, check }: BasisProps) {
  if (answer.picks.length === 0) return null;
  const isChecked = answer.picks.every(({ from }) => from === "header");
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2 text-ink-2 text-sm">
      <p role="status" className="min-w-0 flex-1 basis-72">
        {isChecked
          ? "Planned from the files' own headers, as they are on the hub now."
          : `About right: planned from Headroom's own list of ${answer.listDate}. Nothing was asked of the network.`}
        {missingWords(answer)}
      </p>
      {!isChecked && (
        <Button size="sm" disabled={isChecking} onClick={check}>
          {isChecking ? "Reading the headers…" : "Check with the hub"}
        </Button>
      )}
    </div>
  );
}

/** Without the hub the picks stay what they are, and what is on the disk can be used now. */
function AwayFromHub({ problem }: { readonly problem: ErrorBody }) {
  const models = useModels().data?.models.filter(canChat) ?? [];
  return (
    <div role="alert" className="card mb-3 flex flex-col gap-2 p-4 text-sm">
      <p>
        <span className="font-semibold">The hub could not be asked.</span> {problem.message} {problem.next}
      </p>
      {models.length > 0 && (
        <div className="flex flex-wrap items-center gap-2">
          <span className="text-ink-2">On this computer already:</span>
          {models.slice(0, 3).map(({ name }) => (
            <Link key={name} href={dashboardAddress(name)} prefetch={false} className={buttonClass("plain", "sm")}>
              {name}
            </Link>
          ))}
        </div>
      )}
    </div>
  );
}

function PicksLoading() {
  return (
    <div role="status" aria-label="Planning three models" className="mb-6 grid gap-3 md:grid-cols-3">
      <Skeleton className="h-72" />
      <Skeleton className="h-72" />
      <Skeleton className="h-72" />
    </div>
  );
}
