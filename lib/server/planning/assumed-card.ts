import { customCard, whatIfGpu } from "@/lib/plan/what-if-cards";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { bytesToMib } from "@/lib/units/bytes";

/** All facts known about a card that is not in this computer. */
export interface CardSize {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** The card to plan for. */
export const assumedCard = ({ totalBytes, usedBytes }: CardSize): GpuMemory =>
  whatIfGpu(customCard(bytesToMib(totalBytes)), usedBytes);
