import type { Computer } from "@/lib/plan/placement/plan-ram";
import { besideBytes } from "@/lib/plan/placement/plan-ram";
import type { SystemMemory } from "@/lib/schema/plans/gpu-memory";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { MIB } from "@/lib/units/bytes";
import { deriveStore } from "../derive-store";
import { liveStore } from "../live-store";
import { useStore } from "../use-store";
import { receiptStore } from "./receipt-store";
import { settingsStore } from "./settings-store";
import { surfaceStore } from "./surface-store";

/** A computer's memory use varies more than a card's: browsers alone change it by this much. */
const BREATH_BYTES = 64 * MIB;

/** The reading to plan with: the previous one, as long as the newer one differs only by such small changes. */
export function steadyMemory(previous: SystemMemory | null, next: SystemMemory | null): SystemMemory | null {
  if (previous === null || next === null) return next;
  const isSame =
    previous.totalBytes === next.totalBytes &&
    besideBytes(previous) === besideBytes(next) &&
    Math.abs(previous.availableBytes - next.availableBytes) < BREATH_BYTES &&
    Math.abs((previous.heldByEngineBytes ?? 0) - (next.heldByEngineBytes ?? 0)) < BREATH_BYTES;
  return isSame ? previous : next;
}

let lastMemory: SystemMemory | null = null;

/** The memory of this computer, by its latest reading. */
function presentMemory(): SystemMemory | null {
  lastMemory = steadyMemory(lastMemory, liveStore.get().telemetry?.memory ?? null);
  return lastMemory;
}

/** The speed of this model's newest answer on the CPU alone; null if there was none. */
export const cpuSpeedOf = (receipts: readonly Receipt[], modelName: string): number | null =>
  receipts.find(
    receipt => receipt.modelName === modelName && receipt.config.gpuLayers === 0 && receipt.tokensPerSecond !== null,
  )?.tokensPerSecond ?? null;

/** The memory that a plan in system memory is compared with; null until it was read. */
export const computerStore = deriveStore(
  [liveStore, settingsStore, receiptStore, surfaceStore],
  () =>
    [
      presentMemory(),
      settingsStore.get().draft?.USE_MMAP ?? true,
      cpuSpeedOf(receiptStore.get().data?.receipts ?? [], surfaceStore.get().data?.source ?? ""),
      surfaceStore.get().data?.machine,
    ] as const,
  ([memory, useMmap, cpuTokensPerSecond, speed]): Computer | null =>
    memory && { memory, useMmap, cpuTokensPerSecond, speed },
  null as Computer | null,
);

export const useComputer = (): Computer | null => useStore(computerStore, computer => computer);
