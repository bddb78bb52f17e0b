import { planWith, readPlan } from "@/lib/schema/api/plans";
import { confirmPlan, prepareConfirmation, readSurface } from "@/lib/schema/api/surface";
import { type Settings, type SettingsPatch, settingsSchema } from "@/lib/schema/settings/settings";
import { answerPlan } from "@/lib/server/planning/answer-plan";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { route } from "../route";

function shownSettings(settings: Pick<SettingsStore, "read" | "readFor">, patch: SettingsPatch): Settings {
  const base = patch.MODEL === undefined ? settings.read() : settings.readFor(patch.MODEL);
  return settingsSchema.parse({ ...base, ...patch });
}

export const planRoutes = [
  route(readPlan, ({ services }) => answerPlan(services, {}, {})),
  route(planWith, ({ body: { gpu, simple, ...patch }, services }) => answerPlan(services, patch, { gpu, simple })),
  /** A surface is valid for one model, batch size and flash attention mode. Other values can be requested before they are applied. */
  route(readSurface, async ({ query, services: { planner, settings, machineSpeed } }) => {
    const shown = shownSettings(settings, query);
    const { surface, gpu } = await planner.planFor(shown);
    return { source: shown.MODEL, surface, gpu, machine: await machineSpeed.read(gpu?.name ?? null) };
  }),
  route(confirmPlan, async ({ body, signal, services: { planner, settings } }) => {
    const { surface } = await planner.exactPlanFor(shownSettings(settings, body.settings), body.gpu, signal);
    return { surface };
  }),
  route(prepareConfirmation, async ({ body, services: { planner, settings } }) => {
    await planner.prepareDryRuns(shownSettings(settings, body.settings), body.gpu);
    return {};
  }),
];
