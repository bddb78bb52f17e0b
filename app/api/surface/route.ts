import * as z from "zod";
import {
  type Settings,
  type SettingsPatch,
  settingRows,
  settingsPatchSchema,
  settingsSchema,
} from "@/lib/schema/settings";
import { route } from "@/lib/server/compose/route";
import type { SettingsStore } from "@/lib/server/settings/settings-store";

/**
 * A surface holds for one model, batch size and mode of flash attention: others can be asked for before they are applied. The model may be
 * another file, or one that is not on this computer (`hf:owner/repo/file.gguf`, an http address), of which only the header is read.
 */
const querySchema = z.strictObject({
  MODEL: z.optional(settingRows.MODEL.schema),
  N_BATCH: z.coerce.number().pipe(settingRows.N_BATCH.schema).optional(),
  FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
});

/** Of a model with at most 512 blocks (llama.cpp's LLAMA_MAX_LAYERS), and its output. */
const MAX_LAYERS = 513;

function shownSettings(settings: Pick<SettingsStore, "read" | "readFor">, patch: SettingsPatch): Settings {
  const base = patch.MODEL === undefined ? settings.read() : settings.readFor(patch.MODEL);
  return settingsSchema.parse({ ...base, ...patch });
}

/** All that the page needs to plan by itself, without asking again while a slider moves. */
export const GET = route({
  query: querySchema,
  handle: async ({ query, services: { planner, settings } }) => {
    const shown = shownSettings(settings, query);
    const { surface, gpu } = await planner.planFor(shown);
    return { source: shown.MODEL, surface, gpu };
  },
});

const bodySchema = z.strictObject({
  settings: settingsPatchSchema,
  /** Numbers of GPU layers: the shown plan's, and those beside it. */
  layers: z.array(z.int().min(1).max(MAX_LAYERS)).min(1).max(4),
});

/** Has llama.cpp confirm what a page shows at rest; the page hears of it as of any change of the surface. */
export const POST = route({
  body: bodySchema,
  handle: async ({ body, services: { planner, settings } }) => {
    await planner.confirmLayers(shownSettings(settings, body.settings), body.layers);
    return { confirmed: body.layers };
  },
});
