import { largestContextInRam } from "@/lib/plan/advice/ram-remedies";
import { largestContextOf } from "@/lib/plan/picks/pick-candidates";
import { planRam, type RamPlan } from "@/lib/plan/placement/plan-ram";
import { badgePlan } from "@/lib/plan/words/badge-plan";
import type { ComparedPlan } from "@/lib/schema/comparison";
import type { SystemMemory } from "@/lib/schema/plans/gpu-memory";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { MachineSpeedMeter } from "@/lib/server/planning/machine-speed";
import type { Planner } from "@/lib/server/planning/planner";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { readMemory } from "@/lib/server/system/read-memory";

export interface ComparedPlanServices {
  readonly models: Pick<ModelFiles, "resolveModel">;
  readonly planner: Pick<Planner, "planFor">;
  readonly settings: Pick<SettingsStore, "readFor">;
  readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
  /** What its process holds is free after a reload. */
  readonly engine: { readonly pid: number | null };
  readonly systemMemory?: (enginePid: number | null) => SystemMemory;
}

/**
 * How one model of the library would run here with its own settings. It answers from what is known and lets the engine's dry runs
 * complete that in the background, as the dashboard does.
 *
 * @throws ModelFileError, GgufFormatError
 */
export async function planCompared(
  { models, planner, settings, machineSpeed, engine, systemMemory = readMemory }: ComparedPlanServices,
  model: string,
): Promise<{ plan: ComparedPlan; ram: RamPlan }> {
  // Refuses a remote model, which can be planned and not loaded.
  await models.resolveModel(model);
  const own = settings.readFor(model);
  const { surface, gpu, plan } = await planner.planFor(own);
  const memory = systemMemory(engine.pid);
  const ram = planRam(plan, gpu, { memory, useMmap: own.USE_MMAP });
  const machine = await machineSpeed.read(gpu?.name ?? null);
  // Without a card, no dry run would make it more exact.
  const isEstimate = surface.detail === undefined && gpu !== null;
  return {
    ram,
    plan: {
      ...badgePlan({ plan, surface, gpu }, { useMmap: own.USE_MMAP, machine, isEstimate }),
      contextTokens: plan.contextTokens,
      largestContextTokens:
        largestContextOf({ surface, plan }, gpu, own) ??
        largestContextInRam(surface, gpu, own, { memory, useMmap: own.USE_MMAP }),
    },
  };
}
