import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { MemoryBar } from "@/components/ui/memory-bar";
import { memoryPartLooks, partBytes, partsInWords, usedBytes } from "@/components/vram/memory/memory-parts";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import { ramUsedByOthers } from "@/lib/plan/placement/plan-ram";
import type { ModelPickAnswer, ModelPicks } from "@/lib/schema/models/model-picks";
import { formatBytes, formatGib } from "@/lib/units/bytes";
import { GetButton } from "../downloads/get-button";
import { PickProblem } from "./pick-problem";
import { contextWords, labelWords, layerWords, speedWords } from "./pick-words";

interface PickCardProps {
  readonly pick: ModelPickAnswer;
  readonly answer: ModelPicks;
}

/** One proposed model: what it is, how it would run here, and the ways to it. */
export function PickCard({ pick, answer }: PickCardProps) {
  const isOurs = pick.label === "balanced";
  const isPartial = pick.plan.kind === "partial";
  const size = `${pick.from === "list" ? "about " : ""}${formatBytes(pick.fileBytes)}`;
  const facts: readonly (readonly [string, string])[] = [
    ["Layers", layerWords(pick)],
    ["Speed", speedWords(pick)],
    ["Context", contextWords(pick, answer.contextTokens)],
    ...(isPartial
      ? [["RAM", `${formatGib(pick.plan.ramNeed.needBytes)} of ${formatGib(answer.system.availableBytes)}`] as const]
      : []),
  ];
  return (
    <li
      aria-label={`${labelWords[pick.label]}: ${pick.name}`}
      className={classNames(
        "card flex min-w-0 flex-col gap-2 p-4",
        isOurs && "border-accent shadow-[0_0_0_1px_var(--accent)]",
      )}
    >
      <p className={classNames("font-semibold text-xs", isOurs ? "text-accent" : "text-ink-2")}>
        {labelWords[pick.label]}
      </p>
      <h3 className="font-semibold text-lg leading-tight break-words">{pick.name}</h3>
      <p className="text-ink-2 text-sm">
        {pick.quantization} · {size} · {pick.licence}
      </p>
      <PickBar pick={pick} answer={answer} />
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-sm">
        {facts.map(([name, words]) => (
          <div key={name} className="contents">
            <dt className="text-ink-2">{name}</dt>
            <dd className="font-semibold">{words}</dd>
          </div>
        ))}
      </dl>
      <p className="text-ink-2 text-sm">{pick.reason}</p>
      <PickProblem pick={pick} />
      <div className="mt-auto flex flex-wrap gap-2 pt-1">
        <GetButton
          source={pick.source}
          bytes={pick.from === "header" ? pick.fileBytes : null}
          look={isOurs ? "primary" : "plain"}
        />
        <Link
          href={dashboardAddress(pick.source)}
          prefetch={false}
          className={buttonClass("plain")}
          aria-label={`Plan ${pick.name}: reads its header from the hub`}
        >
          Plan
        </Link>
      </div>
    </li>
  );
}

/** The pick's parts in the card's memory, or in the computer's without a card. */
function PickBar({ pick, answer: { gpu, system, target } }: PickCardProps) {
  const isOnCard = gpu !== null && pick.plan.kind !== "cpu-only";
  const totalBytes = isOnCard ? gpu.totalBytes : system.totalBytes;
  const bytes = partBytes(pick.memory, isOnCard ? gpu.usedByOthersBytes : ramUsedByOthers(system));
  const scaleBytes = Math.max(totalBytes, usedBytes(bytes));
  const targetX = `${((target * totalBytes) / scaleBytes) * 100}%`;
  return (
    <div className="relative my-1">
      <MemoryBar
        label={isOnCard ? `GPU memory with ${pick.name}` : `System memory with ${pick.name}`}
        valueText={`${pick.plan.isEstimate ? "about " : ""}${partsInWords(bytes, totalBytes)}`}
        totalBytes={totalBytes}
        scaleBytes={scaleBytes}
        parts={memoryPartLooks.map(({ id, name, fill }) => ({ name, fill, bytes: bytes[id] }))}
        className="h-2.5 rounded-[3px] bg-sunken shadow-[0_0_0_1px_var(--line)]"
      />
      {isOnCard && (
        <svg aria-hidden="true" className="pointer-events-none absolute inset-0 size-full overflow-visible">
          <line
            x1={targetX}
            x2={targetX}
            y1="-3"
            y2="13"
            stroke="var(--target)"
            strokeWidth="2"
            strokeDasharray="4 3"
          />
        </svg>
      )}
    </div>
  );
}
