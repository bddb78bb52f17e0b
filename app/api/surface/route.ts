import { z } from "zod";
import { settingRows } from "@/lib/schema/settings";
import { route } from "@/lib/server/route-handler";

/** Dry runs are made for one batch size and flash attention mode: a draft of other ones needs another surface. */
const querySchema = z.strictObject({
  N_BATCH: z.coerce.number().pipe(settingRows.N_BATCH.schema).optional(),
  FLASH_ATTENTION: settingRows.FLASH_ATTENTION.schema.optional(),
});

/** All that the page needs to plan by itself, without asking again while a slider moves. */
export const GET = route({
  query: querySchema,
  handle: async ({ query, services }) => {
    const settings = services.settings.read();
    const { surface, gpu } = await services.planner.planFor({
      ...settings,
      N_BATCH: query.N_BATCH ?? settings.N_BATCH,
      FLASH_ATTENTION: query.FLASH_ATTENTION ?? settings.FLASH_ATTENTION,
    });
    return { surface, gpu, settings };
  },
});
