import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";

/** Whether the KV cache is planned in RAM: it was chosen, and the engine can keep it there. */
export const hasKvInRam = (gpu: GpuMemory | null, { KV_IN_RAM }: Pick<PlanSettings, "KV_IN_RAM">): boolean =>
  KV_IN_RAM && gpu?.placesExperts === true;

const known = new WeakMap<MemorySurface, MemorySurface>();

/**
 * What decides where layers go when the cache is in RAM: layers without a cache. The compute buffers are those with the cache on the
 * GPU until a dry run says otherwise. For the arguments of a function that chooses placements.
 */
export function withKvInRam(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
): [MemorySurface, GpuMemory, PlanSettings] {
  const bare = known.get(surface) ?? withoutKv(surface);
  known.set(surface, bare);
  return [bare, gpu, { ...settings, KV_IN_RAM: false }];
}

const withoutKv = (surface: MemorySurface): MemorySurface => ({
  ...surface,
  layers: surface.layers.map(layer => ({
    ...layer,
    kv: { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 },
  })),
  confirmed: (surface.confirmed ?? []).flatMap(({ kvInRam, ...point }) => (kvInRam ? [point] : [])),
});
