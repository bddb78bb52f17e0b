import * as z from "zod/mini";
import { customCard, whatIfCards, whatIfGpu } from "@/lib/plan/cards/what-if-cards";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { mibToBytes } from "@/lib/units/bytes";
import { createStore } from "../store";
import { useStore } from "../use-store";

const STORAGE_KEY = "headroom.assumed-card";

/** A card to plan for that is not in this computer, with the values that the user typed. */
export const assumedCardSchema = z.object({
  /** One of the common cards; null if its memory was typed in. */
  name: z.nullable(z.string()),
  totalMib: z.int().check(z.minimum(256), z.maximum(1_048_576)),
  usedMib: z.int().check(z.minimum(0), z.maximum(1_048_576)),
});
export type AssumedCard = z.infer<typeof assumedCardSchema>;

const savedSchema = z.object({ chosen: z.boolean(), card: assumedCardSchema });

export interface CardState {
  /** Planned for instead of this computer, with or without a card. */
  readonly chosen: boolean;
  readonly card: AssumedCard;
}

/** The most common card among people who run models at home, with a desktop running on it. */
const initialState: CardState = { chosen: false, card: { name: null, totalMib: 8192, usedMib: 800 } };

function restore(): void {
  const saved = savedSchema.safeParse(readJson(localStorage.getItem(STORAGE_KEY)));
  if (saved.success) cardStore.set(saved.data);
}

function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

export const cardStore = createStore<CardState>(initialState, () => {
  restore();
  return () => {};
});

export function chooseCard(chosen: boolean, card: AssumedCard = cardStore.get().card): void {
  cardStore.set({ chosen, card });
  localStorage.setItem(STORAGE_KEY, JSON.stringify({ chosen, card }));
}

/** The card's memory as if it were in this computer. */
export const assumedGpu = ({ name, totalMib, usedMib }: AssumedCard): GpuMemory =>
  whatIfGpu(whatIfCards.find(card => card.name === name) ?? customCard(totalMib), mibToBytes(usedMib));

export const useCard = <Slice>(select: (state: CardState) => Slice): Slice => useStore(cardStore, select);
