import { z } from "zod";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { mibToBytes } from "@/lib/units/bytes";
import { createStore } from "./store";
import { useStore } from "./use-store";

const STORAGE_KEY = "headroom.assumed-card";

/** A card to plan for that is not in this computer, as the user typed it in. */
export const assumedCardSchema = z.object({
  totalMib: z.int().min(256).max(1_048_576),
  usedMib: z.int().min(0).max(1_048_576),
});
export type AssumedCard = z.infer<typeof assumedCardSchema>;

const savedSchema = z.object({ chosen: z.boolean(), card: assumedCardSchema });

export interface CardState {
  /** Null until the user chose: then a computer with a GPU plans for that, one without for the assumed card. */
  readonly chosen: boolean | null;
  readonly card: AssumedCard;
}

/** The most common card among those who run models at home, with a desktop on it. */
const initialState: CardState = { chosen: null, card: { totalMib: 8192, usedMib: 800 } };

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

/** llama.cpp's CUDA context and kernels on such a card; others measured 300 to 460 MiB. */
const ASSUMED_OVERHEAD_BYTES = mibToBytes(300);

export function assumedGpu({ totalMib, usedMib }: AssumedCard): GpuMemory {
  const totalBytes = mibToBytes(totalMib);
  const usedByOthersBytes = Math.min(totalBytes, mibToBytes(usedMib));
  return {
    name: `an assumed ${Number((totalMib / 1024).toFixed(1))} GiB card`,
    backend: "cuda",
    kind: "unknown",
    totalBytes,
    usedByOthersBytes,
    heldByEngineBytes: 0,
    freeBytes: totalBytes - usedByOthersBytes,
    overhead: { bytes: ASSUMED_OVERHEAD_BYTES, source: "cautious", samples: 0, spreadBytes: 0 },
    source: "assumed",
  };
}

export const useCard = <Slice>(select: (state: CardState) => Slice): Slice => useStore(cardStore, select);
