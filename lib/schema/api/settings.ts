import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { meantSchema } from "../plans/load-config";
import { settingKeys, settingRows, settingsPatchSchema } from "../settings/settings";
import { appliedSettingsSchema, savedSettingsSchema, settingsScopeSchema } from "../settings/settings-answer";
import { storeErrors } from "./shared-errors";

/** The settings in use. With `MODEL`, the settings that would apply to that model; the value of MODEL in them stays the chosen model. */
export const readSettings = {
  method: "GET",
  path: "/api/settings",
  query: z.strictObject({ MODEL: z.optional(settingRows.MODEL.schema) }),
  reply: savedSettingsSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

/** Saves a change for all models or only the chosen one, and replies when any reload is done. `meant` is as for /api/engine/load. */
export const patchSettings = {
  method: "PATCH",
  path: "/api/settings",
  query: z.strictObject({ scope: z._default(settingsScopeSchema, "all"), meant: meantSchema }),
  body: settingsPatchSchema,
  reply: appliedSettingsSchema,
  errors: [...storeErrors, ...modelErrors, "OUT_OF_MEMORY"],
} as const satisfies Endpoint;

/**
 * Removes the own settings of the chosen model, or of `MODEL`, or the one that `key` names, and reloads if that changes the plan of the
 * chosen one.
 */
export const dropOverrides = {
  method: "DELETE",
  path: "/api/settings",
  query: z.strictObject({ key: z.optional(z.enum(settingKeys)), MODEL: z.optional(settingRows.MODEL.schema) }),
  reply: appliedSettingsSchema,
  errors: [...storeErrors, ...modelErrors, "OUT_OF_MEMORY"],
} as const satisfies Endpoint;
