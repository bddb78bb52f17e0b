"use client";
import { NumberInput } from "@/components/ui/number-input";
import { type AssumedCard, assumedCardSchema, chooseCard, useCard } from "@/lib/client/card-store";
import { useLive } from "@/lib/client/live-store";

/** Memory of a card that is not here, typed in. */
export function AssumedCardFields() {
  const card = useCard(state => state.card);
  const hasGpu = useLive(state => state.telemetry?.gpu.memory != null);
  return (
    <div className="flex flex-col gap-1.5">
      <CardField label="Memory of the card" card={card} field="totalMib" />
      <CardField label="Used by others" card={card} field="usedMib" />
      <p className="text-ink-3 text-xs">
        {hasGpu
          ? "Everything here is planned for this assumed card; Apply still fits your own."
          : "This computer has no usable GPU. The plan is for this assumed card; Apply runs on the CPU."}
      </p>
    </div>
  );
}

interface CardFieldProps {
  readonly label: string;
  readonly card: AssumedCard;
  readonly field: keyof AssumedCard;
}

function CardField({ label, card, field }: CardFieldProps) {
  const parse = (text: string) => {
    const mib = Math.round(Number.parseFloat(text.replaceAll(",", "")) * (/g/i.test(text) ? 1024 : 1));
    return assumedCardSchema.shape[field].safeParse(mib).success ? mib : null;
  };
  return (
    <div className="flex items-center justify-between gap-2 text-sm">
      <span>{label}</span>
      <NumberInput
        className="w-28"
        label={label}
        unit="MiB"
        value={card[field]}
        format={mib => mib.toLocaleString("en-US")}
        parse={parse}
        onCommit={mib => chooseCard(true, { ...card, [field]: mib })}
      />
    </div>
  );
}
