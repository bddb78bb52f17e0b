import { headerSurface } from "@/lib/plan/header-surface";
import { planLayers } from "@/lib/plan/plan-layers";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { LocalModel } from "@/lib/schema/local-model";
import type { Settings } from "@/lib/schema/settings";
import type { Services } from "@/lib/server/services";
import type { ListedModel, ModelFiles } from "./model-files";

/** The library, each file with where its layers would go on the present card with the present settings. */
export async function listLibrary({ models, settings, gpu }: Services): Promise<LocalModel[]> {
  const [listed, { memory }] = await Promise.all([models.listModels(), gpu.read()]);
  const current = settings.read();
  return Promise.all(listed.map(async model => ({ ...model, plan: await badgeOf(model, models, memory, current) })));
}

/** From the header alone: dry runs of a whole library would keep the engine busy for minutes. */
async function badgeOf(
  { name, profile }: ListedModel,
  models: ModelFiles,
  memory: GpuMemory | null,
  settings: Settings,
): Promise<LocalModel["plan"]> {
  if (profile?.role !== "text") return null;
  const header = await models.readProfile(await models.resolveInside(name));
  const surface = headerSurface(header, {
    batchTokens: settings.N_BATCH,
    sequences: 1,
    flashAttention: settings.FLASH_ATTENTION,
  });
  const plan = planLayers(surface, memory, { ...settings, LAYERS: "auto" });
  const { kind, gpuLayers, totalLayers, predicted, ram } = plan;
  return { kind, gpuLayers, totalLayers, gpuBytes: predicted.totalBytes, ramBytes: ram.totalBytes };
}
