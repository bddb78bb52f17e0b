import { memo } from "react";
import type { LayerPlan } from "@/lib/plan/layer-plan";
import { formatMib } from "@/lib/units/bytes";
import { Swatch } from "./swatch";

interface LayerMapSummaryProps {
  readonly plan: LayerPlan;
  readonly hasGpu: boolean;
}

/** What the map's colours mean, and that its cells add up to the plan. */
export const LayerMapSummary = memo(function LayerMapSummary({ plan, hasGpu }: LayerMapSummaryProps) {
  const memory = hasGpu ? plan.predicted : plan.ram;
  const planBytes = memory.weightsBytes + memory.kvBytes;
  const cellBytes = plan.perLayer
    .filter(layer => layer.device === (hasGpu ? "gpu" : "cpu"))
    .reduce((sum, layer) => sum + layer.weightsBytes + layer.kvBytes, 0);
  const cells = hasGpu ? "The cells on the GPU" : "The cells";
  return (
    <div className="mt-3 flex flex-col gap-2 border-line border-t pt-3 text-ink-2 text-sm">
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        <LegendItem fill="var(--weights)" name="weights" />
        <LegendItem fill="var(--kv)" name="KV cache" />
        {plan.perLayer.some(layer => layer.kind === "sliding-window") && (
          <LegendItem fill="url(#kv-window)" name="sliding window" />
        )}
        {plan.perLayer.some(layer => layer.kind === "recurrent") && (
          <LegendItem fill="url(#kv-recurrent)" name="recurrent state" />
        )}
        {plan.perLayer.some(layer => layer.experts > 0) && <LegendItem fill="url(#weights-experts)" name="experts" />}
        {hasGpu && <li className="text-ink-3">faded, dashed: in system memory</li>}
      </ul>
      <p>
        {cellBytes === planBytes
          ? `${cells} add up to the plan: ${formatMib(planBytes)} of weights and KV cache.`
          : `${cells} come to ${formatMib(cellBytes)}, the plan to ${formatMib(planBytes)}: the difference is padding of the backend.`}
      </p>
    </div>
  );
});

function LegendItem({ fill, name }: { readonly fill: string; readonly name: string }) {
  return (
    <li className="flex items-center gap-1.5">
      <Swatch fill={fill} />
      {name}
    </li>
  );
}
