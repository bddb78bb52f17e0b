import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import { loadCostSchema } from "../plans/load-config";
import { settingsPatchSchema, settingsSchema } from "./settings";

/** Which models a change applies to: all, or only the chosen one. */
export const settingsScopeSchema = z.enum(["all", "model"]);
export type SettingsScope = z.infer<typeof settingsScopeSchema>;

export const savedSettingsSchema = z.object({
  settings: settingsSchema,
  /** This model's own values. */
  overrides: settingsPatchSchema,
  /** A problem in modelconf.json to tell the user; null when there is none. */
  notice: z.nullable(z.string()),
});
export type SavedSettings = z.infer<typeof savedSettingsSchema>;

export const appliedSettingsSchema = z.extend(savedSettingsSchema, {
  /** null when the new settings could not be planned. */
  cost: z.nullable(loadCostSchema),
  /** Where the layers go now; null without a plan. */
  gpuLayers: z.nullable(z.int()),
  /** Set when the settings were saved but could not be loaded. The engine's snapshot says which model answers instead. */
  problem: z.nullable(errorBodySchema),
});
export type AppliedSettings = z.infer<typeof appliedSettingsSchema>;
