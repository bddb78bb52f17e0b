import type { UsersPlan } from "@/lib/schema/plan-report";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { budgetBytes } from "../cards/budget";
import { memoryNeed, withSequences } from "../memory/memory-need";

/**
 * How many cards like this one it takes to answer `users` people at once, each with a context of its own, when the whole model is on
 * the cards. Each card needs a compute buffer and keeps the same reserve. Layers do not divide exactly, so that a real split over
 * several cards can need one card more.
 */
export function planUsers(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings, users: number): UsersPlan {
  const at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const wholeModel = { ...at, gpuLayers: surface.model.blocks + 1 };
  const { weightsBytes, computeBytes } = memoryNeed(surface, wholeModel).gpu;
  const { kvBytes: kvBytesPerUser } = memoryNeed(withSequences(surface, 1), wholeModel).gpu;
  const cardBytes = budgetBytes(gpu, settings.TARGET_VRAM_USAGE) - computeBytes;
  const cardsFor = (bytes: number): number | null => (cardBytes > 0 ? Math.ceil(bytes / cardBytes) : null);
  return {
    users,
    weightsBytes,
    kvBytesPerUser,
    computeBytesPerCard: computeBytes,
    usableBytesPerCard: Math.max(0, cardBytes),
    usersOnOneCard: Math.max(0, Math.floor((cardBytes - weightsBytes) / Math.max(1, kvBytesPerUser))),
    cardsForTheModel: cardsFor(weightsBytes + kvBytesPerUser),
    cardsForAllUsers: cardsFor(weightsBytes + users * kvBytesPerUser),
  };
}
