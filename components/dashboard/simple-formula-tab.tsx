"use client";
import { Empty } from "@/components/ui/empty";
import { Cell, RowHead, Table, TextCell } from "@/components/ui/table";
import { type PlanView, usePlanView } from "@/lib/client/planning/plan-store";
import { compareWithSimple, type SimpleDifference } from "@/lib/plan/advice/simple-comparison";
import type { SimplePlan } from "@/lib/plan/memory/simple-formula";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { formatMib } from "@/lib/units/bytes";

const headings = ["Part", "Simple formula", "Exact plan", "Why they differ"];

const partNames: Record<SimpleDifference["part"], string> = {
  weights: "Weights a layer",
  kv: "KV cache a layer",
  compute: "Compute buffer",
  overhead: "Overhead",
};

/** The formula of the first product description beside the exact plan, for this model, this card and these settings. */
export function SimpleFormulaTab() {
  const view = usePlanView();
  if (view?.gpu == null) return <Empty>Both formulas divide a card. Plan for another card to compare them.</Empty>;
  return <FormulaComparison view={view} gpu={view.gpu} />;
}

function FormulaComparison({ view, gpu }: { readonly view: PlanView; readonly gpu: GpuMemory }) {
  const { surface, settings, plan } = view;
  const { simple, differences, proseNote } = compareWithSimple(surface, gpu, settings, plan);
  return (
    <>
      <p className="font-semibold text-base text-balance">
        The simple formula would place {simple.layers} of {simple.totalLayers} layers, the exact plan{" "}
        {plan.manual ? `has the ${plan.gpuLayers} that you chose` : `places ${plan.gpuLayers}`} of {plan.totalLayers}.
      </p>
      <ol aria-label="The simple formula, step by step" className="mt-2 mb-3 flex flex-col gap-0.5 text-ink-2 text-sm">
        {stepsInWords(simple, gpu, settings.TARGET_VRAM_USAGE).map(step => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Table
        caption="Simple formula and exact plan"
        headings={headings}
        endsInText
        className="max-sm:[&_th:nth-child(4)]:hidden"
      >
        {differences.map(({ part, simpleBytes, exactBytes, why }) => (
          <tr key={part} className="align-top">
            <RowHead>
              {partNames[part]}
              <span className="block text-ink-3 text-xs whitespace-normal sm:hidden">{why}</span>
            </RowHead>
            <Cell>{formatMib(simpleBytes)}</Cell>
            <Cell className="font-semibold">{formatMib(exactBytes)}</Cell>
            <TextCell className="min-w-52 max-sm:hidden">{why}</TextCell>
          </tr>
        ))}
      </Table>
      <p className="mt-3 text-ink-3 text-xs">
        {proseNote} The exact plan counts the output layer, which goes first: so {plan.totalLayers} and not{" "}
        {simple.totalLayers}.
      </p>
    </>
  );
}

/** The formula with its steps in the order in which a person would calculate on paper. */
function stepsInWords(simple: SimplePlan, gpu: GpuMemory, target: number): string[] {
  const { weightsPerLayerBytes, kvPerLayerBytes, perLayerBytes, budgetBytes, usageBytes, usageShare } = simple;
  const percent = (share: number, decimals: number) => `${(share * 100).toFixed(decimals)} %`;
  return [
    `A layer: file ÷ blocks ${formatMib(weightsPerLayerBytes)} + KV cache ${formatMib(kvPerLayerBytes)} = ${formatMib(perLayerBytes)}`,
    `Room: ${percent(target, 0)} of ${formatMib(gpu.totalBytes, 0)} − ${formatMib(gpu.usedByOthersBytes, 0)} of others = ${formatMib(budgetBytes)}`,
    `Room ÷ a layer, whole and at most ${simple.totalLayers}: ${simple.layers} layers; with 500 MiB added ${formatMib(usageBytes, 0)}, ${percent(usageShare, 1)} of the card`,
  ];
}
