import { whatIfGpu } from "@/lib/plan/what-if-cards";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { bytesToGib, bytesToMib } from "@/lib/units/bytes";

/** All that is known of a card that is not here. */
export interface CardSize {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** The card to plan for; taken for an NVIDIA one, whose overhead is the largest. */
export function assumedCard({ totalBytes, usedBytes }: CardSize): GpuMemory {
  const name = `an assumed ${Number(bytesToGib(totalBytes).toFixed(1))} GiB card`;
  return whatIfGpu({ name, backend: "cuda", kind: "dedicated", totalMib: bytesToMib(totalBytes) }, usedBytes);
}
