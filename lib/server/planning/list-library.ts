import { badgePlan } from "@/lib/plan/badge-plan";
import type { GpuReport } from "@/lib/schema/gpu-memory";
import type { LocalModel } from "@/lib/schema/local-model";
import type { MachineSpeed } from "@/lib/schema/plan-speed";
import type { ListedModel, ModelFiles } from "@/lib/server/models/library/model-files";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer } from "@/lib/server/system/error-table";
import type { MachineSpeedMeter } from "./machine-speed";
import type { GpuSource, Planner } from "./planner";

export interface LibraryServices {
  readonly models: Pick<ModelFiles, "listModels">;
  readonly planner: Pick<Planner, "knownPlanFor">;
  readonly settings: Pick<SettingsStore, "readFor">;
  readonly gpu: GpuSource;
  readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
}

/** The library: for each file, where its layers would go on the present card with its settings, planned as the dashboard does it. */
export async function listLibrary(services: LibraryServices): Promise<LocalModel[]> {
  const [listed, report] = await Promise.all([services.models.listModels(), services.gpu.read()]);
  const machine = await services.machineSpeed.read(report.memory?.name ?? null);
  return Promise.all(listed.map(model => withPlan(model, services, report, machine)));
}

async function withPlan(
  model: ListedModel,
  { planner, settings }: LibraryServices,
  report: GpuReport,
  machine: MachineSpeed,
): Promise<LocalModel> {
  if (model.profile?.role !== "text" || model.problem !== null) return { ...model, plan: null };
  const own = settings.readFor(model.name);
  try {
    const planned = await planner.knownPlanFor(own, report);
    // Without a card, no dry run would make it more exact.
    const isEstimate = planned.surface.detail === undefined && planned.gpu !== null;
    return { ...model, plan: badgePlan(planned, { useMmap: own.USE_MMAP, machine, isEstimate }) };
  } catch (error) {
    return { ...model, plan: null, problem: errorAnswer(error).body };
  }
}
