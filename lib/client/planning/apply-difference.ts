import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { formatBytes } from "@/lib/units/bytes";
import { formatRate } from "@/lib/units/tokens";
import { type ExpectedSpeed, type PastSpeed, pastSpeed } from "./past-speed";

/** One figure that Apply will change, before and after. */
export interface Difference {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

interface DifferenceInputs {
  /** The load's own report of what is loaded; null while nothing is loaded. */
  readonly engine: Pick<EngineSnapshot, "config" | "held"> | null;
  /** The plan of the saved settings, for figures that the engine does not report. */
  readonly saved: LayerPlan;
  readonly draft: LayerPlan;
  readonly receipts: readonly PastSpeed[];
}

/** What will be different after Apply: layers, memory and speed. Figures that stay the same are left out. Pure. */
export function applyDifference({ engine, saved, draft, receipts }: DifferenceInputs): Difference[] {
  const layersBefore = engine?.config?.gpuLayers ?? saved.gpuLayers;
  const gpuBytesBefore = engine?.held?.totalBytes ?? saved.predicted.totalBytes;
  const figures: Difference[] = [
    { name: "Layers on the GPU", before: String(layersBefore), after: String(draft.gpuLayers) },
    {
      name: "Blocks with experts in RAM",
      before: String(engine?.config ? (engine.config.expertBlocksInRam ?? 0) : saved.expertBlocksInRam),
      after: String(draft.expertBlocksInRam),
    },
    {
      name: "Layers by card",
      before: splitWords(engine?.config ? engine.config.tensorSplit : saved.tensorSplit),
      after: splitWords(draft.tensorSplit),
    },
    { name: "KV cache", before: formatBytes(kvBytes(saved)), after: formatBytes(kvBytes(draft)) },
    { name: "GPU memory", before: formatBytes(gpuBytesBefore), after: formatBytes(draft.predicted.totalBytes) },
    { name: "System memory", before: formatBytes(saved.ram.totalBytes), after: formatBytes(draft.ram.totalBytes) },
    ...speedDifference(engine?.config?.modelPath, layersBefore, draft.gpuLayers, receipts),
  ];
  return figures.filter(({ before, after }) => before !== after);
}

/** "20 + 13": one number for each of several cards. */
const splitWords = (split: readonly number[] | undefined): string =>
  split === undefined || split.length === 0 ? "one card" : split.join(" + ");

/** Of the whole context, on all devices together. */
const kvBytes = ({ predicted, ram }: LayerPlan): number => predicted.kvBytes + ram.kvBytes;

/** Only a different number of layers changes the speed, and only past loads show how. */
function speedDifference(
  modelPath: string | undefined,
  layersBefore: number,
  layersAfter: number,
  receipts: readonly PastSpeed[],
): Difference[] {
  if (modelPath === undefined || layersBefore === layersAfter) return [];
  const before = pastSpeed(receipts, modelPath, layersBefore);
  const after = pastSpeed(receipts, modelPath, layersAfter);
  return before && after ? [{ name: "Speed", before: speedWords(before), after: speedWords(after) }] : [];
}

const speedWords = ({ tokensPerSecond, isMeasured }: ExpectedSpeed): string =>
  `${isMeasured ? "" : "about "}${formatRate(tokensPerSecond)} tokens/s`;
