import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";
import { loadCostSchema } from "./load-config";
import { settingsPatchSchema, settingsSchema } from "./settings";

/** Whom a change is for: every model, or the chosen one alone. */
export const settingsScopeSchema = z.enum(["all", "model"]);
export type SettingsScope = z.infer<typeof settingsScopeSchema>;

export const savedSettingsSchema = z.object({
  settings: settingsSchema,
  /** Values that only this model has. */
  overrides: settingsPatchSchema,
  /** What a person should know about modelconf.json; null when all is well. */
  notice: z.nullable(z.string()),
});
export type SavedSettings = z.infer<typeof savedSettingsSchema>;

export const appliedSettingsSchema = z.extend(savedSettingsSchema, {
  /** null when the new settings could not be planned. */
  cost: z.nullable(loadCostSchema),
  /** Where the layers go now; null without a plan. */
  gpuLayers: z.nullable(z.int()),
  /** The settings are saved, but could not be loaded; the engine's snapshot says what answers instead. */
  problem: z.nullable(errorBodySchema),
});
export type AppliedSettings = z.infer<typeof appliedSettingsSchema>;
