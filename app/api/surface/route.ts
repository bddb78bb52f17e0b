import { confirmPlan, readSurface } from "@/lib/schema/api/surface";
import { type Settings, type SettingsPatch, settingsSchema } from "@/lib/schema/settings";
import { route } from "@/lib/server/compose/route";
import type { SettingsStore } from "@/lib/server/settings/settings-store";

function shownSettings(settings: Pick<SettingsStore, "read" | "readFor">, patch: SettingsPatch): Settings {
  const base = patch.MODEL === undefined ? settings.read() : settings.readFor(patch.MODEL);
  return settingsSchema.parse({ ...base, ...patch });
}

/** A surface is valid for one model, batch size and flash attention mode. Other values can be requested before they are applied. */
export const GET = route(readSurface, async ({ query, services: { planner, settings, machineSpeed } }) => {
  const shown = shownSettings(settings, query);
  const { surface, gpu } = await planner.planFor(shown);
  return { source: shown.MODEL, surface, gpu, machine: await machineSpeed.read(gpu?.name ?? null) };
});

export const POST = route(confirmPlan, async ({ body, services: { planner, settings } }) => {
  await planner.confirmPlacements(shownSettings(settings, body.settings), body.placements);
  return { confirmed: body.placements };
});
