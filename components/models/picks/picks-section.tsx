"use client";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";
import { Skeleton } from "@/components/ui/skeleton";
import { usePicks } from "@/lib/client/models/model-picks";
import { useChangedChoices } from "@/lib/client/planning/planning-choices";
import { AwayFromHub } from "./away-from-hub";
import { PickCard } from "./pick-card";
import { computerWords, NO_PICKS_WORDS, picksTitle, sharedProblem } from "./pick-words";
import { PicksBasis } from "./picks-basis";

interface PicksSectionProps {
  /** A card of this size instead of this computer's. */
  readonly cardMib?: number | undefined;
}

/** Three models for this computer. Opening the page asks nobody: the list's figures come with Headroom. */
export function PicksSection({ cardMib }: PicksSectionProps) {
  const choices = useChangedChoices();
  const { data, error, isChecking, check, retry } = usePicks({ ...choices, ...(cardMib !== undefined && { cardMib }) });
  if (error !== null && data === null)
    return (
      <Problem message={error.message} next={error.next} code={error.code}>
        <Button onClick={retry}>Try again</Button>
      </Problem>
    );
  if (data === null) return <PicksLoading />;
  const problem = sharedProblem(data) ?? error;
  return (
    <section aria-labelledby="picks-title" className="mb-6">
      <h2 id="picks-title" className="text-balance font-semibold text-lg">
        {picksTitle(data)}
      </h2>
      <p className="mb-3 text-ink-2 text-sm">{computerWords(data)}</p>
      {problem !== null && <AwayFromHub problem={problem} />}
      {data.picks.length === 0 ? (
        <p className="text-ink-2">{NO_PICKS_WORDS}</p>
      ) : (
        // On a phone they are side by side and scroll, so that the library is not three screens further down.
        <ul className="grid gap-3 max-md:-mx-3 max-md:snap-x max-md:auto-cols-[min(18rem,85%)] max-md:grid-flow-col max-md:overflow-x-auto max-md:px-3 max-md:py-px max-md:scroll-px-3 md:grid-cols-3 max-md:*:snap-start">
          {data.picks.map(pick => (
            <PickCard key={pick.source} pick={problem === null ? pick : { ...pick, problem: null }} answer={data} />
          ))}
        </ul>
      )}
      <PicksBasis isAway={problem !== null} answer={data} isChecking={isChecking} check={check} />
    </section>
  );
}

function PicksLoading() {
  return (
    <div role="status" aria-label="Planning three models" className="mb-6 grid gap-3 md:grid-cols-3">
      <Skeleton className="h-72" />
      <Skeleton className="h-72 max-md:hidden" />
      <Skeleton className="h-72" />
    </div>
  );
}
