"use client";
import { NumberInput } from "@/components/ui/number-input";
import { Select } from "@/components/ui/select";
import { useLive } from "@/lib/client/live-store";
import { type AssumedCard, assumedCardSchema, chooseCard, useCard } from "@/lib/client/planning/card-store";
import { whatIfCards } from "@/lib/plan/cards/what-if-cards";
import { formatMib, mibToBytes } from "@/lib/units/bytes";

const TYPED_IN = "";

const cardChoices = [
  { value: TYPED_IN, label: "Memory typed in below" },
  ...whatIfCards.map(({ name, totalMib }) => ({
    value: name,
    label: `${name}, ${formatMib(mibToBytes(totalMib), 0)}`,
  })),
];

/** A card that is not in this computer: one of the common ones, or its memory typed in. */
export function AssumedCardFields() {
  const card = useCard(state => state.card);
  const hasGpu = useLive(state => state.telemetry?.gpu.memory != null);
  const chooseListed = (name: string) => {
    const listed = whatIfCards.find(other => other.name === name);
    chooseCard(true, { ...card, name: listed?.name ?? null, totalMib: listed?.totalMib ?? card.totalMib });
  };
  return (
    <div className="flex flex-col gap-1.5">
      <Select label="Card" value={card.name ?? TYPED_IN} choices={cardChoices} onChange={chooseListed} />
      <CardField
        label="Memory of the card"
        field="totalMib"
        onCommit={mib => ({ ...card, name: null, totalMib: mib })}
      />
      <CardField label="Used by others" field="usedMib" onCommit={mib => ({ ...card, usedMib: mib })} />
      <p className="text-ink-3 text-xs">
        {hasGpu
          ? "Everything here is planned for this assumed card; Apply still fits your own."
          : "This computer has no usable GPU: Apply runs on the CPU. llama.cpp cannot make its dry run for a card that is not here, so the compute buffer is a cautious estimate."}
      </p>
    </div>
  );
}

interface CardFieldProps {
  readonly label: string;
  readonly field: "totalMib" | "usedMib";
  /** The card with the changed figure. */
  readonly onCommit: (mib: number) => AssumedCard;
}

function CardField({ label, field, onCommit }: CardFieldProps) {
  const mib = useCard(state => state.card[field]);
  return (
    <div className="flex items-center justify-between gap-2 text-sm">
      <span>{label}</span>
      <NumberInput
        className="w-32"
        label={label}
        unit="MiB"
        value={mib}
        format={number => number.toLocaleString("en-US")}
        parse={text => parseMib(text, field)}
        onCommit={number => chooseCard(true, onCommit(number))}
      />
    </div>
  );
}

/** "8192", "8 GiB" */
function parseMib(text: string, field: CardFieldProps["field"]): number | null {
  const mib = Math.round(Number.parseFloat(text.replaceAll(",", "")) * (/g/i.test(text) ? 1024 : 1));
  return assumedCardSchema.shape[field].safeParse(mib).success ? mib : null;
}
