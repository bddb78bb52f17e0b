import { ramNeed } from "@/lib/plan/plan-ram";
import type { GpuReport } from "@/lib/schema/gpu-memory";
import type { LocalModel } from "@/lib/schema/local-model";
import type { ListedModel, ModelFiles } from "@/lib/server/models/library/model-files";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer } from "@/lib/server/system/error-table";
import type { GpuSource, Planner } from "./planner";

interface LibraryServices {
  readonly models: Pick<ModelFiles, "listModels">;
  readonly planner: Pick<Planner, "knownPlanFor">;
  readonly settings: Pick<SettingsStore, "readFor">;
  readonly gpu: GpuSource;
}

/** The library: for each file, where its layers would go on the present card with its settings, planned as the dashboard does it. */
export async function listLibrary(services: LibraryServices): Promise<LocalModel[]> {
  const [listed, report] = await Promise.all([services.models.listModels(), services.gpu.read()]);
  return Promise.all(listed.map(model => withPlan(model, services, report)));
}

async function withPlan(
  model: ListedModel,
  { planner, settings }: LibraryServices,
  report: GpuReport,
): Promise<LocalModel> {
  if (model.profile?.role !== "text" || model.problem !== null) return { ...model, plan: null };
  const own = settings.readFor(model.name);
  try {
    const { plan, surface } = await planner.knownPlanFor(own, report);
    const { kind, gpuLayers, totalLayers, predicted, ram } = plan;
    return {
      ...model,
      plan: {
        kind,
        gpuLayers,
        totalLayers,
        gpuBytes: predicted.totalBytes,
        ramBytes: ram.totalBytes,
        ramNeed: ramNeed(plan, report.memory, own.USE_MMAP),
        // Without a card, no dry run would make it more exact.
        isEstimate: surface.detail === undefined && report.memory !== null,
      },
    };
  } catch (error) {
    return { ...model, plan: null, problem: errorAnswer(error).body };
  }
}
