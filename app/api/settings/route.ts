import * as z from "zod";
import { settingRows, settingsPatchSchema } from "@/lib/schema/settings";
import { route } from "@/lib/server/compose/route";
import { applySettings } from "@/lib/server/loading/apply-settings";

const querySchema = z.strictObject({ scope: z.enum(["all", "model"]).default("all") });

/** `?MODEL=` what would hold for another model. MODEL itself stays what is chosen: looking at a model chooses nothing. */
export const GET = route({
  query: z.strictObject({ MODEL: z.optional(settingRows.MODEL.schema) }),
  handle: ({ query, services: { settings } }) => {
    const { MODEL } = settings.read();
    const model = query.MODEL ?? MODEL;
    return {
      settings: { ...settings.readFor(model), MODEL },
      overrides: settings.overrides(model),
      notice: settings.notice(),
    };
  },
});

/** `?scope=model` keeps the change to the chosen model. Answers when everything that had to be reloaded is. */
export const PATCH = route({
  query: querySchema,
  body: settingsPatchSchema,
  handle: ({ query, body, services }) => applySettings(services, body, query.scope),
});

/** Takes the chosen model's own settings away. */
export const DELETE = route({
  handle: async ({ services }) => {
    await services.settings.dropOverrides();
    return applySettings(services, {}, "all");
  },
});
