import type { LayerPlan } from "@/lib/plan/layer-plan";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokensPerSecond } from "@/lib/units/tokens";
import { type ExpectedSpeed, type PastSpeed, pastSpeed } from "./past-speed";

/** One figure that Apply will move, as it is and as it will be. */
export interface Difference {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

interface DifferenceInputs {
  /** What is loaded, by the load's own report; null while nothing is. */
  readonly engine: Pick<EngineSnapshot, "config" | "held"> | null;
  /** The plan of the settings as they are saved, for what the engine does not tell. */
  readonly saved: LayerPlan;
  readonly draft: LayerPlan;
  readonly receipts: readonly PastSpeed[];
}

/** What will be different after Apply: layers, memory and speed, left out where they stay. Pure. */
export function applyDifference({ engine, saved, draft, receipts }: DifferenceInputs): Difference[] {
  const layersBefore = engine?.config?.gpuLayers ?? saved.gpuLayers;
  const gpuBytesBefore = engine?.held?.totalBytes ?? saved.predicted.totalBytes;
  const figures: Difference[] = [
    { name: "Layers on the GPU", before: String(layersBefore), after: String(draft.gpuLayers) },
    { name: "KV cache", before: formatBytes(kvBytes(saved)), after: formatBytes(kvBytes(draft)) },
    { name: "GPU memory", before: formatBytes(gpuBytesBefore), after: formatBytes(draft.predicted.totalBytes) },
    { name: "System memory", before: formatBytes(saved.ram.totalBytes), after: formatBytes(draft.ram.totalBytes) },
    ...speedDifference(engine?.config?.modelPath, layersBefore, draft.gpuLayers, receipts),
  ];
  return figures.filter(({ before, after }) => before !== after);
}

/** Of the whole context, on all devices together. */
const kvBytes = ({ predicted, ram }: LayerPlan): number => predicted.kvBytes + ram.kvBytes;

/** Only other layers make another speed, and only past loads tell which. */
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
  `${isMeasured ? "" : "about "}${formatTokensPerSecond(tokensPerSecond)} tokens/s`;
