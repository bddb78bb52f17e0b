"use client";
import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { Choice } from "@/components/ui/choice";
import { chooseCard } from "@/lib/client/planning/card-store";
import { usePlanCard } from "@/lib/client/planning/plan-store";
import { useModel, useSurface } from "@/lib/client/planning/surface-store";
import { othersInWords } from "@/lib/plan/words/placement-words";
import { formatBytes, formatGib } from "@/lib/units/bytes";
import { formatTokensShort } from "@/lib/units/tokens";
import { AssumedCardFields } from "./assumed-card-fields";

const cardOptions = [
  { value: "present", label: "This computer" },
  { value: "assumed", label: "Another card" },
] as const;

/** Which model is planned, and on which card. */
export function ModelAndCard() {
  const model = useModel();
  const fileName = useSurface().data?.source.split("/").at(-1);
  const { gpu, isAssumed } = usePlanCard();
  return (
    <div className="flex flex-col gap-2 border-line border-b px-4 py-3">
      <div>
        <div className="flex items-start gap-3">
          <p className="min-w-0 flex-1 pt-0.5 font-semibold break-words">{fileName ?? "No model"}</p>
          <Link href="/models" prefetch={false} className={buttonClass("plain", "sm")}>
            Change
          </Link>
        </div>
        {model && (
          <p className="mt-1 text-ink-3 text-xs">
            {model.architecture} · {model.quantization} · {formatBytes(model.fileBytes)} · trained for{" "}
            {formatTokensShort(model.trainContextTokens)}
          </p>
        )}
      </div>
      <Choice
        label="Card to plan for"
        value={isAssumed ? "assumed" : "present"}
        options={cardOptions}
        onChange={value => chooseCard(value === "assumed")}
      />
      {isAssumed ? (
        <AssumedCardFields />
      ) : (
        <p className="text-ink-3 text-xs">
          {gpu === null
            ? "No usable GPU: everything runs on the CPU, in system memory."
            : `${gpu.name} · ${formatGib(gpu.totalBytes)}, ${othersInWords(gpu)}`}
        </p>
      )}
    </div>
  );
}
