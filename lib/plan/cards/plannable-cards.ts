import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { PlanSettings } from "@/lib/schema/settings/settings";

/** A card that layers can be given to, and what they may take there. */
export interface PlannableCard {
  /** Its index among the engine's cards, as in `tensorSplit`. */
  readonly position: number;
  readonly name: string;
  readonly totalBytes: number;
  readonly usedByOthersBytes: number;
  readonly overheadBytes: number;
  /** What llama.cpp's buffers may take there. Never below zero. */
  readonly budgetBytes: number;
}

/**
 * The cards that the planner shares layers over, each with its own budget under the target; null if there is one card, or where the
 * engine cannot be told how to split. Where `GPUS` lists only cards that are not here, all are used.
 */
export function plannableCards(
  gpu: GpuMemory | null,
  { GPUS, TARGET_VRAM_USAGE }: Pick<PlanSettings, "GPUS" | "TARGET_VRAM_USAGE">,
): readonly PlannableCard[] | null {
  if (gpu?.placesExperts !== true || gpu.cards === undefined) return null;
  const cards = gpu.cards.flatMap(card => (card.position === undefined ? [] : [{ ...card, position: card.position }]));
  if (cards.length < gpu.cards.length) return null;
  const chosen = GPUS === "auto" ? cards : cards.filter(({ position }) => GPUS.includes(position));
  return (chosen.length === 0 ? cards : chosen).map(card => {
    const { position, name, totalBytes, freeBytes, heldByEngineBytes } = card;
    const overheadBytes = card.overheadBytes ?? gpu.overhead.bytes;
    const usedByOthersBytes = totalBytes - freeBytes - heldByEngineBytes;
    const belowTarget = Math.floor(TARGET_VRAM_USAGE * totalBytes) - usedByOthersBytes;
    const budgetBytes = Math.max(0, Math.min(belowTarget, freeBytes + heldByEngineBytes) - overheadBytes);
    return { position, name, totalBytes, usedByOthersBytes, overheadBytes, budgetBytes };
  });
}

/** What llama.cpp's buffers may take on all of them together. */
export const cardsBudgetBytes = (cards: readonly PlannableCard[]): number =>
  cards.reduce((sum, { budgetBytes }) => sum + budgetBytes, 0);
