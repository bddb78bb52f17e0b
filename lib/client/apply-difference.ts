import type { LayerPlan } from "@/lib/plan/layer-plan";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { formatBytes } from "@/lib/units/bytes";

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
}

/** What will be different after Apply: layers and memory, left out where they stay. Pure. */
export function applyDifference({ engine, saved, draft }: DifferenceInputs): Difference[] {
  const layersBefore = engine?.config?.gpuLayers ?? saved.gpuLayers;
  const gpuBytesBefore = engine?.held?.totalBytes ?? saved.predicted.totalBytes;
  const figures: Difference[] = [
    { name: "Layers on the GPU", before: String(layersBefore), after: String(draft.gpuLayers) },
    { name: "GPU memory", before: formatBytes(gpuBytesBefore), after: formatBytes(draft.predicted.totalBytes) },
    { name: "System memory", before: formatBytes(saved.ram.totalBytes), after: formatBytes(draft.ram.totalBytes) },
  ];
  return figures.filter(({ before, after }) => before !== after);
}
