import { MemoryBar } from "@/components/ui/memory-bar";
import type { PlannedCard } from "@/lib/plan/cards/layer-plan";
import type { CardReading } from "@/lib/schema/plans/gpu-memory";
import { formatGib } from "@/lib/units/bytes";
import { cardFill } from "../card-looks";
import { Swatch } from "../swatch";
import { TargetLine } from "./gauge-scale";
import { memoryPartLooks, partBytes, partsInWords } from "./memory-parts";

interface CardGaugesProps {
  readonly cards: readonly CardReading[];
  /** What the plan puts on each, where layers are shared as planned. */
  readonly planned: readonly PlannedCard[];
  /** The target as a share of each card's memory. */
  readonly targetShare: number;
  /** An old reading is shown, but marked as old. */
  readonly isStale: boolean;
}

/** Several cards, each in its own scale: a bar for what is planned there, and one for what is there now with what its driver tells. */
export function CardGauges({ cards, planned, targetShare, isStale }: CardGaugesProps) {
  const isShared = planned.filter(({ layers }) => layers > 0).length > 1;
  return (
    <ul aria-label="Cards now" className="mt-3 grid gap-x-6 gap-y-3 sm:grid-cols-2">
      {cards.map((card, index) => {
        // Differs from its place in this list after a card was lost.
        const place = card.position ?? index;
        const plannedIndex = planned.findIndex(({ position }) => position === place);
        const its = planned[plannedIndex];
        return (
          <CardItem
            key={card.id}
            card={card}
            place={place}
            isTwin={hasTwin(cards, card)}
            planned={its}
            mapFill={isShared && its !== undefined && its.layers > 0 ? cardFill(plannedIndex) : null}
            targetShare={targetShare}
            isStale={isStale}
          />
        );
      })}
    </ul>
  );
}

interface CardItemProps extends Pick<CardGaugesProps, "targetShare" | "isStale"> {
  readonly card: CardReading;
  readonly place: number;
  readonly isTwin: boolean;
  readonly planned: PlannedCard | undefined;
  /** The colour of its layers in the map; null if the map has one colour. */
  readonly mapFill: string | null;
}

function CardItem({ card, place, isTwin, planned, mapFill, targetShare, isStale }: CardItemProps) {
  const { name, pciAddress, memory } = card;
  return (
    <li className="min-w-0">
      <p className="flex flex-wrap items-baseline gap-x-2 text-sm">
        {mapFill !== null && <Swatch fill={mapFill} />}
        <span className="text-ink-3">Card {place}</span>
        <span className="font-semibold">{name}</span>
        {pciAddress !== null && isTwin && <span className="text-ink-3 text-xs tabular-nums">{pciAddress}</span>}
      </p>
      {memory !== null && (
        <CardBars
          name={`Card ${place}`}
          memory={memory}
          planned={planned}
          targetShare={targetShare}
          isStale={isStale}
        />
      )}
      <p className="mt-1 flex flex-wrap gap-x-2 text-ink-2 text-xs tabular-nums">
        {memory !== null && (
          <span className="text-ink">
            {formatGib(memory.totalBytes - memory.freeBytes)} of {formatGib(memory.totalBytes)}
          </span>
        )}
        <LiveCardFigures card={card} />
        <PlannedWords planned={planned} />
      </p>
    </li>
  );
}

function PlannedWords({ planned }: { readonly planned: PlannedCard | undefined }) {
  if (planned === undefined) return null;
  return <span>{planned.layers === 0 ? "no layers planned" : `${planned.layers} layers planned`}</span>;
}

/** Only cards of one name need their address to be told apart. */
const hasTwin = (cards: readonly CardReading[], card: CardReading): boolean =>
  cards.some(other => other !== card && other.name === card.name);

interface CardBarsProps {
  readonly name: string;
  readonly memory: NonNullable<CardReading["memory"]>;
  readonly planned: PlannedCard | undefined;
  readonly targetShare: number;
  readonly isStale: boolean;
}

function CardBars({ name, memory, planned, targetShare, isStale }: CardBarsProps) {
  const { totalBytes, freeBytes, heldByEngineBytes } = memory;
  const usedBytes = totalBytes - freeBytes;
  const words = `${formatGib(usedBytes)} of ${formatGib(totalBytes)} used, ${formatGib(heldByEngineBytes)} by Headroom`;
  return (
    <div className="relative mt-0.5 flex flex-col gap-1 pt-4">
      {planned !== undefined && (
        <MemoryBar
          label={`${name}, plan`}
          valueText={partsInWords(partBytes(planned.predicted, planned.usedByOthersBytes), totalBytes)}
          totalBytes={totalBytes}
          parts={memoryPartLooks.map(({ id, name: part, fill }) => ({
            name: part,
            fill,
            bytes: partBytes(planned.predicted, planned.usedByOthersBytes)[id],
          }))}
          className="h-6 rounded-[6px] bg-sunken shadow-[0_0_0_1px_var(--line-strong)]"
        />
      )}
      <MemoryBar
        label={`${name}, now`}
        valueText={`${words}${isStale ? ", stale" : ""}`}
        totalBytes={totalBytes}
        parts={[
          { name: "others", bytes: usedBytes - heldByEngineBytes, fill: "hatched" },
          { name: "headroom", bytes: heldByEngineBytes, fill: "var(--weights)" },
        ]}
        className={`h-4 rounded-[6px] bg-sunken shadow-[0_0_0_1px_var(--line-strong)] ${isStale ? "opacity-45 grayscale" : ""}`}
      />
      <TargetLine scaleBytes={totalBytes} targetBytes={targetShare * totalBytes} />
    </div>
  );
}

/** "12 % busy", "41 °C", "35 W", with a fixed width so that nothing jumps. Unknown values are left out. */
export function LiveCardFigures({ card }: { readonly card: CardReading }) {
  const figures = [
    { value: card.utilizationPercent, unit: "% busy", width: "sm:min-w-16" },
    { value: card.temperatureCelsius, unit: "°C", width: "sm:min-w-10" },
    { value: card.powerWatts, unit: "W", width: "sm:min-w-10" },
  ];
  return figures.map(({ value, unit, width }) =>
    value === null ? null : (
      <span key={unit} className={`${width} tabular-nums`}>
        {Math.round(value)} {unit}
      </span>
    ),
  );
}
