import { badgePlan } from "@/lib/plan/words/badge-plan";
import type { LocalModel } from "@/lib/schema/models/local-model";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import type { ListedModel, ModelFiles } from "@/lib/server/models/library/model-files";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { eachOf } from "@/lib/server/system/each-of";
import { errorAnswer } from "@/lib/server/system/error-table";
import { timeFromFirstUse } from "@/lib/server/system/timers";
import type { GpuSource } from "./known-surfaces";
import type { MachineSpeedMeter } from "./machine-speed";
import type { Planner } from "./planner";

export interface LibraryServices {
  readonly models: Pick<ModelFiles, "listModels">;
  readonly planner: Pick<Planner, "knownPlanFor">;
  readonly settings: Pick<SettingsStore, "readFor">;
  readonly gpu: GpuSource;
  readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
}

/** Plans that are made side by side: a file whose header is read again for its plan takes some megabytes meanwhile. */
const PLANNED_AT_ONCE = 4;

/**
 * The library: for each file, where its layers would go on the present card with its settings, planned as the dashboard does it.
 *
 * @param withinMs headers are read for half of this time, and planned for the other half. What was never planned before is listed as unread
 */
export async function listLibrary(
  services: LibraryServices,
  withinMs = Number.POSITIVE_INFINITY,
): Promise<LocalModel[]> {
  const [listed, plan] = await Promise.all([services.models.listModels(withinMs / 2), planning(services)]);
  const hasTime = timeFromFirstUse(withinMs / 2);
  return eachOf(listed, PLANNED_AT_ONCE, async model => {
    if (model.profile === null || planned.has(model.profile)) return plan(model);
    if (!hasTime()) return { ...model, profile: null, problem: null, plan: null };
    planned.add(model.profile);
    return plan(model);
  });
}

/** Headers that were planned before. They are planned again whatever the time, so that a page that asks for the rest comes to an end. */
const planned = new WeakSet<object>();

/** The same for one model; null for a name that is not in the library. */
export async function findInLibrary(services: LibraryServices, name: string): Promise<LocalModel | null> {
  const model = (await services.models.listModels()).find(listed => listed.name === name);
  return model === undefined ? null : (await planning(services))(model);
}

async function planning(services: LibraryServices): Promise<(model: ListedModel) => Promise<LocalModel>> {
  const report = await services.gpu.read();
  const machine = await services.machineSpeed.read(report.memory?.name ?? null);
  return model => withPlan(model, services, report, machine);
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
