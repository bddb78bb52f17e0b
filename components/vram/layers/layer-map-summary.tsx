import { memo } from "react";
import type { LayerPlan, PlannedLayer } from "@/lib/plan/cards/layer-plan";
import { cardName } from "@/lib/plan/words/placement-words";
import type { MemoryParts } from "@/lib/schema/plans/receipt";
import { formatMib } from "@/lib/units/bytes";
import { cardFill } from "../card-looks";
import { Swatch } from "../swatch";

type ShownPlan = Pick<LayerPlan, "perLayer" | "gpuLayers" | "predicted" | "ram"> &
  Partial<Pick<LayerPlan, "cards" | "sequences">>;

interface LayerMapSummaryProps {
  readonly plan: ShownPlan;
  readonly hasGpu: boolean;
}

/** Explains the map's colours, and shows that the cells on each side add up to the plan. */
export const LayerMapSummary = memo(function LayerMapSummary({ plan, hasGpu }: LayerMapSummaryProps) {
  const isOnGpu = plan.gpuLayers > 0;
  const cards = plan.cards ?? [];
  const isShared = cards.length > 1 && isOnGpu;
  return (
    <div className="mt-3 flex flex-col gap-2 border-line border-t pt-3 text-ink-2 text-sm">
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        {isShared ? (
          cards.map((card, index) =>
            card.layers === 0 ? null : (
              <LegendItem
                key={card.position}
                fill={cardFill(index)}
                name={`weights on ${cardName(card, cards)}, ${card.layers} layers`}
              />
            ),
          )
        ) : (
          <LegendItem fill="var(--weights)" name="weights" />
        )}
        <LegendItem fill="var(--kv)" name={kvName(plan)} />
        {plan.perLayer.some(layer => layer.kind === "sliding-window") && (
          <LegendItem fill="url(#kv-window)" name="sliding window" />
        )}
        {plan.perLayer.some(layer => layer.kind === "recurrent") && (
          <LegendItem fill="url(#kv-recurrent)" name="recurrent state" />
        )}
        {plan.perLayer.some(layer => layer.experts > 0) && <LegendItem fill="url(#weights-experts)" name="experts" />}
        {hasGpu && <li className="text-ink-3">faded, dashed: in system memory</li>}
      </ul>
      {isOnGpu && <p>{sumInWords("On the GPU: cells", cellBytesOn("gpu", plan), plan.predicted)}</p>}
      <p>{sumInWords("In system memory: cells", cellBytesOn("cpu", plan), plan.ram)}</p>
    </div>
  );
});

/** Each cell's cache is that of all answers that are written at once. */
function kvName({ sequences = 1, predicted, ram }: ShownPlan): string {
  if (sequences === 1) return "KV cache";
  const eachBytes = (predicted.kvBytes + ram.kvBytes) / sequences;
  return `KV cache of ${sequences} answers at once, ${formatMib(eachBytes)} each`;
}

function cellBytesOn(device: PlannedLayer["device"], { perLayer }: ShownPlan): number {
  let bytes = 0;
  for (const { device: its, weightsBytes, kvBytes, expertBytesInRam } of perLayer) {
    if (its === device) bytes += weightsBytes + kvBytes;
    bytes += device === "cpu" ? expertBytesInRam : 0;
    bytes -= device === "gpu" ? expertBytesInRam : 0;
  }
  return bytes;
}

/** "On the GPU: cells 4,758.1 MiB + compute 340.0 MiB + overhead 460.0 MiB = 5,558.1 MiB, the plan's total." */
function sumInWords(cells: string, cellBytes: number, memory: MemoryParts): string {
  const paddingBytes = memory.weightsBytes + memory.kvBytes - cellBytes;
  const terms = [
    [cells, cellBytes],
    ["padding of the backend", paddingBytes],
    ["compute", memory.computeBytes],
    ["overhead", memory.overheadBytes],
  ] as const;
  const shown = terms.filter(([, bytes], index) => index === 0 || bytes !== 0);
  return `${shown.map(([name, bytes]) => `${name} ${formatMib(bytes)}`).join(" + ")} = ${formatMib(memory.totalBytes)}, the plan's total.`;
}

function LegendItem({ fill, name }: { readonly fill: string; readonly name: string }) {
  return (
    <li className="flex items-center gap-1.5">
      <Swatch fill={fill} />
      {name}
    </li>
  );
}
