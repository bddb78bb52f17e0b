import { Button } from "@/components/ui/button";
import type { ModelPicks } from "@/lib/schema/models/model-picks";
import { missingWords } from "./pick-words";

interface PicksBasisProps {
  readonly answer: ModelPicks;
  /** The hub was asked and could not be reached. */
  readonly isAway: boolean;
  readonly isChecking: boolean;
  readonly check: () => void;
}

/** Where the figures come from, and the press that makes them exact. */
export function PicksBasis({ answer, isAway, isChecking, check }: PicksBasisProps) {
  if (answer.picks.length === 0) return null;
  const isChecked = answer.picks.every(({ from }) => from === "header");
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2 text-ink-2 text-sm">
      <p role="status" className="min-w-0 flex-1 basis-72">
        {isChecked
          ? "Planned from the files' own headers, as they are on the hub now."
          : `About right: planned from Headroom's own list of ${answer.listDate}.`}
        {!isChecked && !isAway && answer.missing.length === 0 && " Nothing was requested from the network."}
        {missingWords(answer)}
      </p>
      {!isChecked && (
        <Button size="sm" disabled={isChecking} onClick={check}>
          {isChecking ? "Reading the headers…" : isAway ? "Check again" : "Check with the hub"}
        </Button>
      )}
    </div>
  );
}
