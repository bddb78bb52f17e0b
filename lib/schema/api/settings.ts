import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { settingRows, settingsPatchSchema } from "../settings";
import { appliedSettingsSchema, savedSettingsSchema, settingsScopeSchema } from "../settings-answer";
import { storeErrors } from "./shared-errors";

export const readSettings = {
  method: "GET",
  path: "/api/settings",
  does: "The settings in use, or with `MODEL` what would hold for that model; its name in them stays the chosen one.",
  query: z.strictObject({ MODEL: z.optional(settingRows.MODEL.schema) }),
  reply: savedSettingsSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

export const patchSettings = {
  method: "PATCH",
  path: "/api/settings",
  does: "Saves a change, for all models or the chosen one, and answers when everything that had to be reloaded is.",
  query: z.strictObject({ scope: z._default(settingsScopeSchema, "all") }),
  body: settingsPatchSchema,
  reply: appliedSettingsSchema,
  errors: [...storeErrors, ...modelErrors],
} as const satisfies Endpoint;

export const dropOverrides = {
  method: "DELETE",
  path: "/api/settings",
  does: "Takes the chosen model's own settings away, and reloads where that changes something.",
  reply: appliedSettingsSchema,
  errors: [...storeErrors, ...modelErrors],
} as const satisfies Endpoint;
