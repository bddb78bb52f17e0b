import type { Computer } from "@/lib/plan/plan-ram";
import type { SystemMemory } from "@/lib/schema/gpu-memory";
import type { Receipt } from "@/lib/schema/receipt";
import { deriveStore } from "./derive-store";
import { liveStore } from "./live-store";
import { receiptStore } from "./receipt-store";
import { settingsStore } from "./settings-store";
import { steadyMemory } from "./steady-memory";
import { surfaceStore } from "./surface-store";
import { useStore } from "./use-store";

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
