import type { Receipt } from "@/lib/schema/plans/receipt";
import { median } from "@/lib/units/median";

/** The part of a receipt that says how fast the model wrote. */
export type PastSpeed = Pick<Receipt, "config" | "tokensPerSecond">;

export interface ExpectedSpeed {
  readonly tokensPerSecond: number;
  /** This number of layers was loaded before; otherwise the speed is computed from two other numbers. */
  readonly isMeasured: boolean;
}

/**
 * How fast a model writes with this many layers on the GPU, from its past loads; null if they do not show it.
 *
 * Each layer takes a fixed time for a token, and less on the GPU than on the CPU. Therefore the time for a token, not the speed, is a
 * linear function of the number of layers. The line goes through the two numbers that are furthest apart.
 */
export function pastSpeed(receipts: readonly PastSpeed[], modelPath: string, gpuLayers: number): ExpectedSpeed | null {
  const speeds = speedsByLayers(receipts, modelPath);
  const measured = speeds.get(gpuLayers);
  if (measured !== undefined) return { tokensPerSecond: measured, isMeasured: true };
  const counts = [...speeds.keys()].sort((a, b) => a - b);
  const [fewest] = counts;
  const most = counts.at(-1);
  if (fewest === undefined || most === undefined || fewest === most) return null;
  const secondsAt = (layers: number) => 1 / (speeds.get(layers) ?? 1);
  const slope = (secondsAt(most) - secondsAt(fewest)) / (most - fewest);
  const seconds = secondsAt(fewest) + slope * (gpuLayers - fewest);
  return seconds > 0 ? { tokensPerSecond: 1 / seconds, isMeasured: false } : null;
}

/** The median speed of each number of layers. */
function speedsByLayers(receipts: readonly PastSpeed[], modelPath: string): Map<number, number> {
  const all = new Map<number, number[]>();
  for (const { config, tokensPerSecond } of receipts) {
    if (config.modelPath !== modelPath || tokensPerSecond === null || tokensPerSecond <= 0) continue;
    all.set(config.gpuLayers, [...(all.get(config.gpuLayers) ?? []), tokensPerSecond]);
  }
  return new Map([...all].map(([layers, speeds]) => [layers, median(speeds) ?? 0]));
}
