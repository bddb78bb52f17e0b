"use client";
import { classNames } from "@/components/ui/class-names";
import type { usePicks } from "@/lib/client/models/model-picks";
import { formatSpeed } from "@/lib/plan/speed/speed-words";
import type { ModelPickAnswer } from "@/lib/schema/models/model-picks";
import { formatBytes } from "@/lib/units/bytes";
import { GetButton } from "../downloads/get-button";
import { AwayFromHub } from "./away-from-hub";
import { PickProblem } from "./pick-problem";
import { labelWords, layerWords, NO_PICKS_WORDS, sharedProblem } from "./pick-words";
import { PicksBasis } from "./picks-basis";

interface FirstPicksProps extends Pick<ReturnType<typeof usePicks>, "data" | "error" | "isChecking" | "check"> {
  /** Called when a chat with a model of this computer was opened instead. */
  readonly onChat: () => void;
}

/** The three picks in a line or two each, for the first minute. @see PicksSection for all that is known of them */
export function FirstPicks({ data, error, isChecking, check, onChat }: FirstPicksProps) {
  if (data === null) return null;
  if (data.picks.length === 0) return <p className="text-ink-2">{NO_PICKS_WORDS}</p>;
  const problem = sharedProblem(data) ?? error;
  return (
    <>
      {problem !== null && <AwayFromHub problem={problem} onChat={onChat} />}
      <ul
        aria-label="Three models for this computer"
        className="flex flex-col divide-y divide-line border-line border-y"
      >
        {data.picks.map(pick => (
          <PickRow
            key={pick.source}
            pick={problem === null ? pick : { ...pick, problem: null }}
            hasCard={data.gpu !== null}
          />
        ))}
      </ul>
      <PicksBasis isAway={problem !== null} answer={data} isChecking={isChecking} check={check} />
    </>
  );
}

interface PickRowProps {
  readonly pick: ModelPickAnswer;
  /** Without a card all of them run on the CPU, which the title says. */
  readonly hasCard: boolean;
}

function PickRow({ pick, hasCard }: PickRowProps) {
  const isOurs = pick.label === "balanced";
  const { speed } = pick.plan;
  const facts = [
    `${pick.from === "list" ? "about " : ""}${formatBytes(pick.fileBytes)}`,
    ...(hasCard ? [layerWords(pick)] : []),
    speed === null ? "speed not known for this card" : formatSpeed(speed.decodeEmpty),
  ];
  return (
    <li
      aria-label={`${labelWords[pick.label]}: ${pick.name}`}
      className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 py-2"
    >
      <div className="min-w-0">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <strong className="font-semibold">{pick.name}</strong>
          <span className={classNames("text-xs", isOurs ? "font-semibold text-accent" : "text-ink-2")}>
            {labelWords[pick.label]}
          </span>
        </p>
        <p className="text-ink-2 text-sm tabular-nums">{facts.join(" · ")}</p>
        <p className="text-ink-2 text-sm">{pick.reason}</p>
        <PickProblem pick={pick} />
      </div>
      <GetButton source={pick.source} bytes={null} look={isOurs ? "primary" : "plain"} />
    </li>
  );
}
