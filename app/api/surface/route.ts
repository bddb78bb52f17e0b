import * as z from "zod";
import { settingRows, settingsSchema } from "@/lib/schema/settings";
import { route } from "@/lib/server/web/route-handler";

/**
 * A surface holds for one model, batch size and mode of flash attention: others can be asked for before they are applied. The model may be
 * another file, or one that is not on this computer (`hf:owner/repo/file.gguf`, an http address), of which only the header is read.
 */
const querySchema = z.strictObject({
  MODEL: z.optional(settingRows.MODEL.schema),
  N_BATCH: z.coerce.number().pipe(settingRows.N_BATCH.schema).optional(),
  FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
});

/** All that the page needs to plan by itself, without asking again while a slider moves. */
export const GET = route({
  query: querySchema,
  handle: async ({ query, services: { planner, settings } }) => {
    const base = query.MODEL === undefined ? settings.read() : settings.readFor(query.MODEL);
    const shown = settingsSchema.parse({ ...base, ...query });
    const { surface, gpu } = await planner.planFor(shown);
    // Sliders will move over all of it; the page hears of each improvement.
    void planner.complete(shown);
    return { source: shown.MODEL, surface, gpu };
  },
});
