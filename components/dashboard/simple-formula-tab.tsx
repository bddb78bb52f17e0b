"use client";
import { Empty } from "@/components/ui/empty";
import { Cell, RowHead, Table, TextCell } from "@/components/ui/table";
import { type PlanView, usePlanView } from "@/lib/client/plan-store";
import type { LayerPlan } from "@/lib/plan/layer-plan";
import { type SimplePlan, simplePlanOf } from "@/lib/plan/simple-formula";
import { formatGib, formatMib } from "@/lib/units/bytes";

/** The first description's formula beside the exact plan, for this model, this card and these settings. */
export function SimpleFormulaTab() {
  const view = usePlanView();
  if (view?.gpu == null) return <Empty>Both formulas divide a card. Plan for another card to compare them.</Empty>;
  const simple = simplePlanOf(view.surface.model, view.gpu, view.settings);
  return (
    <>
      <Table
        caption="Simple formula and exact plan"
        headings={["Figure", "Simple formula", "Exact plan", "Why they differ"]}
      >
        {comparison(view.plan, simple, view).map(row => (
          <tr key={row.name}>
            <RowHead>{row.name}</RowHead>
            <Cell>{row.simple}</Cell>
            <Cell className="font-semibold">{row.exact}</Cell>
            <TextCell>{row.why}</TextCell>
          </tr>
        ))}
      </Table>
      <p className="mt-3 text-ink-3 text-xs">
        Simple: layers = (target × total − used) ÷ (file ÷ blocks + 2 × context × hidden size × bytes). Taking the 500
        MiB from the budget, and not what others use, gives {simple.proseLayers.toFixed(1)} instead.
      </p>
    </>
  );
}

interface ComparisonRow {
  readonly name: string;
  readonly simple: string;
  readonly exact: string;
  readonly why: string;
}

function comparison(plan: LayerPlan, simple: SimplePlan, { surface, gpu }: PlanView): ComparisonRow[] {
  const widest = plan.perLayer.reduce((most, layer) => (layer.kvBytes > most.kvBytes ? layer : most));
  return [
    {
      name: "Layers on the GPU",
      simple: `${simple.layers} of ${simple.totalLayers}`,
      exact: `${plan.gpuLayers} of ${plan.totalLayers}`,
      why: "The exact plan counts the output layer, which goes first.",
    },
    {
      name: "Weights a layer",
      simple: formatMib(simple.weightsPerLayerBytes),
      exact: formatMib(widest.weightsBytes),
      why: "File size over blocks, against the layer's own tensors.",
    },
    {
      name: "KV cache a layer",
      simple: formatMib(simple.kvPerLayerBytes),
      exact: formatMib(widest.kvBytes),
      why: kvReason(simple.kvPerLayerBytes, widest.kvBytes),
    },
    {
      name: "Room for layers",
      simple: formatGib(simple.budgetBytes),
      exact: formatGib(plan.budgetBytes),
      why: `The exact budget takes off ${formatMib(gpu?.overhead.bytes ?? 0, 0)} that no buffer shows.`,
    },
    {
      name: "Compute buffer",
      simple: "500 MiB, after",
      exact: formatMib(plan.predicted.computeBytes),
      why: surface.computeSource === "dry-run" ? "From llama.cpp's own dry run." : "A cautious estimate.",
    },
    {
      name: "Memory in use",
      simple: formatGib(simple.usageBytes),
      exact: formatGib(plan.predicted.totalBytes),
      why: "Of ours alone, without what others use.",
    },
  ];
}

/** The formula counts every attention head; grouped-query models store far fewer. */
function kvReason(simpleBytes: number, exactBytes: number): string {
  if (exactBytes === 0) return "This model keeps no attention cache.";
  const times = simpleBytes / exactBytes;
  if (times > 1.3) return `${times.toFixed(1)} times too much: it ignores grouped-query attention.`;
  return "It halves and quarters f16; q8_0 and q4_0 also store scales.";
}
