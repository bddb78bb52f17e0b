import { useMemo } from "react";
import type { PartBytes } from "@/components/vram/memory/memory-parts";
import { useLive } from "@/lib/client/live-store";
import { heldHere } from "@/lib/client/planning/held-here";
import type { EngineSnapshot, Telemetry } from "@/lib/schema/live-events";

export interface MeasuredMemory {
  readonly bytes: PartBytes;
  readonly isStale: boolean;
}

/** A reading that was older than this when it was sent is out of date: nvidia-smi hangs, or the card is gone. */
const STALE_MS = 5000;

/**
 * The card's last reading. The engine's share is divided as its load reported; anything more that the driver counts
 * is overhead.
 */
export function measuredMemory(telemetry: Telemetry | null, loaded: EngineSnapshot["held"]): MeasuredMemory | null {
  const memory = telemetry?.gpu.memory ?? null;
  if (telemetry === null || memory === null) return null;
  const held = heldHere(loaded, telemetry.gpu);
  const buffersBytes = held === null ? 0 : held.weightsBytes + held.kvBytes + held.computeBytes;
  return {
    bytes: {
      others: memory.usedByOthersBytes,
      embedding: 0,
      beside: 0,
      weights: held?.weightsBytes ?? 0,
      kv: held?.kvBytes ?? 0,
      compute: held?.computeBytes ?? 0,
      overhead: Math.max(0, memory.heldByEngineBytes - buffersBytes),
    },
    isStale: telemetry.atMs - telemetry.gpu.readAtMs > STALE_MS,
  };
}

export function useMeasuredMemory(): MeasuredMemory | null {
  const telemetry = useLive(state => state.telemetry);
  const held = useLive(state => state.engine?.held ?? null);
  const isLost = useLive(state => state.connection === "lost");
  return useMemo(() => {
    const measured = measuredMemory(telemetry, held);
    return measured && { ...measured, isStale: measured.isStale || isLost };
  }, [telemetry, held, isLost]);
}
