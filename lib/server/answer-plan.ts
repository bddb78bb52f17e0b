import { type PlanReport, planReport } from "@/lib/plan/plan-report";
import { type SettingsPatch, settingsSchema } from "@/lib/schema/settings";
import { assumedCard, type CardSize } from "./assumed-card";
import type { Planner } from "./planner";
import type { SettingsStore } from "./settings-store";

interface PlanWishes {
  /** A card that is not here; null: plan for none; undefined: the one that is here. */
  readonly gpu?: CardSize | null | undefined;
  readonly simple?: boolean | undefined;
}

/** The plan for the present settings with a change in them, as `npm run plan -- --json` prints it. */
export async function answerPlan(
  {
    planner,
    settings,
  }: { readonly planner: Pick<Planner, "planFor">; readonly settings: Pick<SettingsStore, "read" | "readFor"> },
  patch: SettingsPatch,
  { gpu: wished, simple = false }: PlanWishes,
): Promise<PlanReport> {
  const base = patch.MODEL === undefined ? settings.read() : settings.readFor(patch.MODEL);
  const wanted = settingsSchema.parse({ ...base, ...patch });
  const override = wished ? assumedCard(wished) : wished;
  const { surface, gpu } = await planner.planFor(wanted, override);
  const { LAYERS, TARGET_VRAM_USAGE, N_CTX, KV_CACHE_QUANT, N_BATCH, FLASH_ATTENTION } = wanted;
  return planReport({
    surface,
    gpu,
    settings: { LAYERS, TARGET_VRAM_USAGE, N_CTX, KV_CACHE_QUANT, N_BATCH, FLASH_ATTENTION },
    simple,
  });
}
