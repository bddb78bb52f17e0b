import type * as z from "zod/mini";
import type { planReportSchema } from "@/lib/schema/plan-report";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LayerPlan, PlannedLayer } from "../cards/layer-plan";

type ReportPlan = z.infer<typeof planReportSchema>["plan"];
type ReportPlacement = Pick<ReportPlan, "placement" | "perDevice">;

/** Where a plan's layers are, card by card, and what each card is predicted to hold. */
export function reportPlacement(plan: LayerPlan, gpu: GpuMemory | null): ReportPlacement {
  const { gpuLayers, expertBlocksInRam, kvInRam, cards, perLayer, budgetBytes, predicted } = plan;
  const onGpu = perLayer.filter(({ device, role }) => device === "gpu" && role !== "embedding");
  const alone = gpu === null ? [] : [{ name: gpu.name, budgetBytes, predicted }];
  const devices = cards.length > 0 ? cards : alone;
  return {
    placement: {
      gpuLayers,
      expertBlocksInRam,
      cards: devices.flatMap(({ name }, index) =>
        cardLayers(
          name,
          onGpu.filter(({ card = 0 }) => card === index),
        ),
      ),
      kvInRam: kvInRam === true,
    },
    perDevice: devices.map(device => ({
      device: device.name,
      budgetBytes: device.budgetBytes,
      predicted: device.predicted,
    })),
  };
}

/** A card without a layer is in no placement. */
function cardLayers(device: string, layers: readonly PlannedLayer[]): ReportPlan["placement"]["cards"] {
  const [first] = layers;
  if (first === undefined) return [];
  const blocks = layers.filter(({ role }) => role === "block").length;
  return [{ device, firstBlock: first.index, blocks, hasOutput: blocks < layers.length }];
}
