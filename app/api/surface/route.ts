import { z } from "zod";
import { settingRows, settingsSchema } from "@/lib/schema/settings";
import { route } from "@/lib/server/web/route-handler";

/** A surface holds for one batch size and one mode of flash attention: others can be asked for before they are applied. */
const querySchema = z.strictObject({
  N_BATCH: z.coerce.number().pipe(settingRows.N_BATCH.schema).optional(),
  FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
});

/** All that the page needs to plan by itself, without asking again while a slider moves. */
export const GET = route({
  query: querySchema,
  handle: async ({ query, services }) => {
    const settings = services.settings.read();
    const { surface, gpu } = await services.planner.planFor(settingsSchema.parse({ ...settings, ...query }));
    return { surface, gpu, settings };
  },
});
