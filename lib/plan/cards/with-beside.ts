import type { BesideModel, GpuMemory } from "@/lib/schema/plans/gpu-memory";

/**
 * The same card with what is loaded beside the model: it is outside the model's own buffers, and so a part of the overhead. Of several
 * cards it is on the one that it names, or on the first, where llama.cpp puts it.
 */
export function withBeside(gpu: GpuMemory, beside: readonly BesideModel[]): GpuMemory {
  return beside.length === 0 ? gpu : { ...added(gpu, beside, 1), beside: [...beside] };
}

/** The same card as if nothing was loaded beside the model. */
export function withoutBeside({ beside = [], ...gpu }: GpuMemory): GpuMemory {
  return added(gpu, beside, -1);
}

function added(gpu: GpuMemory, beside: readonly BesideModel[], sign: 1 | -1): GpuMemory {
  const { overhead, cards } = gpu;
  const first = Math.min(...(cards ?? []).map(({ position }, index) => position ?? index));
  const bytesOn = (position: number | null) =>
    beside.reduce((sum, model) => sum + (position === null || (model.card ?? first) === position ? model.bytes : 0), 0);
  return {
    ...gpu,
    overhead: { ...overhead, bytes: overhead.bytes + sign * bytesOn(null) },
    ...(cards && {
      cards: cards.map((card, index) => {
        const bytes = bytesOn(card.position ?? index);
        return bytes === 0 ? card : { ...card, overheadBytes: (card.overheadBytes ?? 0) + sign * bytes };
      }),
    }),
  };
}
