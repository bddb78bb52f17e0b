import * as z from "zod";
import { settingsPatchSchema } from "@/lib/schema/settings";
import { applySettings } from "@/lib/server/loading/apply-settings";
import { route } from "@/lib/server/web/route-handler";

const querySchema = z.strictObject({ scope: z.enum(["all", "model"]).default("all") });

export const GET = route({
  handle: ({ services: { settings } }) => ({
    settings: settings.read(),
    overrides: settings.overrides(),
    notice: settings.notice(),
  }),
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
