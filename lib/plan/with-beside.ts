import type { BesideModel, GpuMemory } from "@/lib/schema/gpu-memory";

/**
 * The same card with what is loaded beside the model: it is outside the model's own buffers, and so a part of the overhead. Of several
 * cards it is on the first, where llama.cpp puts it.
 */
export function withBeside(gpu: GpuMemory, beside: readonly BesideModel[]): GpuMemory {
  if (beside.length === 0) return gpu;
  const addedBytes = beside.reduce((sum, { bytes }) => sum + bytes, 0);
  const { overhead, cards } = gpu;
  const first = Math.min(...(cards ?? []).map(({ position }, index) => position ?? index));
  return {
    ...gpu,
    overhead: { ...overhead, bytes: overhead.bytes + addedBytes },
    ...(cards && {
      cards: cards.map((card, index) =>
        (card.position ?? index) === first ? { ...card, overheadBytes: (card.overheadBytes ?? 0) + addedBytes } : card,
      ),
    }),
    beside: [...beside],
  };
}
