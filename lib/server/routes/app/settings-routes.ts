import { dropOverrides, patchSettings, readSettings } from "@/lib/schema/api/settings";
import { saveAndApplySettings } from "@/lib/server/loading/save-and-apply-settings";
import { route } from "../route";

export const settingsRoutes = [
  route(readSettings, ({ query, services: { settings } }) => {
    const { MODEL } = settings.read();
    const model = query.MODEL ?? MODEL;
    return {
      settings: { ...settings.readFor(model), MODEL },
      overrides: settings.overrides(model),
      notice: settings.notice(),
    };
  }),
  route(patchSettings, async ({ query, body, services }) => {
    // A model of this computer was chosen, so it answers instead of the server elsewhere.
    const comesBack = body.MODEL !== undefined && services.otherEngines.answering !== null;
    if (comesBack) await services.otherEngines.choose(null);
    const isMeant = query.meant === "true";
    return saveAndApplySettings(services, body, query.scope, { loads: comesBack, isMeant });
  }),
  route(dropOverrides, async ({ query, services }) => {
    await services.settings.dropOverrides(query.key, query.MODEL);
    return saveAndApplySettings(services, {}, "all");
  }),
];
