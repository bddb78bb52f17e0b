import { setTimeout as wait } from "node:timers/promises";
import { type PlanReport, planReport } from "@/lib/plan/words/plan-report";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import type { BesideModel } from "@/lib/schema/plans/gpu-memory";
import { planSettingsOf, type SettingsPatch, settingsSchema } from "@/lib/schema/settings/settings";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { readMemory } from "@/lib/server/system/read-memory";
import { assumedCard, type CardSize } from "./assumed-card";
import type { MachineSpeedMeter } from "./machine-speed";
import type { Planner, PlanOutcome } from "./planner";

interface PlanWishes {
  /** A card that is not in this computer; null: plan without one; undefined: this computer's own card. */
  readonly gpu?: CardSize | null | undefined;
  readonly simple?: boolean | undefined;
}

/** Sampling a surface takes up to 2.5 s. */
const EXACT_WITHIN_MS = 4000;

/** The plan for the present settings with a change applied, as `npm run plan -- --json` prints it. */
export async function answerPlan(
  {
    planner,
    settings,
    engine,
    machineSpeed,
    besideInRam,
  }: {
    readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
    readonly planner: Pick<Planner, "planFor" | "exactPlanFor">;
    readonly settings: Pick<SettingsStore, "read" | "readFor">;
    /** What its process holds is free after a reload. */
    readonly engine: { readonly pid: number | null };
    readonly besideInRam?: () => readonly BesideModel[];
  },
  patch: SettingsPatch,
  { gpu: wished, simple = false }: PlanWishes,
): Promise<PlanReport> {
  const base = patch.MODEL === undefined ? settings.read() : settings.readFor(patch.MODEL);
  const planned = settingsSchema.parse({ ...base, ...patch });
  const override = wished ? assumedCard(wished) : wished;
  const plan = isRemoteSource(planned.MODEL)
    ? exactPlanInTime(planner, planned, override)
    : planner.planFor(planned, override);
  const { surface, gpu } = await plan;
  return planReport({
    surface,
    gpu,
    settings: planSettingsOf(planned),
    simple,
    computer: {
      memory: readMemory(engine.pid, besideInRam?.()),
      useMmap: planned.USE_MMAP,
      cpuTokensPerSecond: null,
      speed: await machineSpeed.read(gpu?.name ?? null),
    },
  });
}

/**
 * The plan after its dry runs if they end in time, else the plan that is known now. A page asks only once about a remote model,
 * so it waits a little, but not for an engine that answers a chat.
 */
async function exactPlanInTime(
  planner: Pick<Planner, "planFor" | "exactPlanFor">,
  ...request: Parameters<Planner["planFor"]>
): Promise<PlanOutcome> {
  const enough = new AbortController();
  const known = async () => {
    await wait(EXACT_WITHIN_MS, undefined, { signal: enough.signal });
    return planner.planFor(...request);
  };
  try {
    return await Promise.race([planner.exactPlanFor(...request), known()]);
  } finally {
    enough.abort();
  }
}
