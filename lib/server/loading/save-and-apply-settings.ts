import type { SettingsPatch } from "@/lib/schema/settings";
import type { AppliedSettings, SettingsScope } from "@/lib/schema/settings-answer";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { MemoryGuard } from "@/lib/server/planning/memory-guard";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import type { ModelHost } from "./model-host";

interface ApplyServices {
  readonly settings: SettingsStore;
  readonly models: Pick<ModelFiles, "identify" | "resolveModel">;
  readonly host: Pick<ModelHost, "apply" | "ensureLoaded">;
  readonly memoryGuard: Pick<MemoryGuard, "mean">;
}

/**
 * Saves a change and applies it.
 *
 * @param loads whether the model is loaded also if none is loaded now
 * @param isMeant whether it is loaded although system memory does not hold it
 * @throws ModelFileError for a model that is not in the library: then nothing was saved
 */
export async function saveAndApplySettings(
  { settings, models, host, memoryGuard }: ApplyServices,
  patch: SettingsPatch,
  scope: SettingsScope,
  { loads = false, isMeant = false }: { readonly loads?: boolean; readonly isMeant?: boolean } = {},
): Promise<AppliedSettings> {
  if (patch.MODEL !== undefined) await models.identify(await models.resolveModel(patch.MODEL));
  const saved = Object.keys(patch).length > 0 ? await settings.patch(patch, scope) : settings.read();
  if (isMeant) memoryGuard.mean(saved);
  const state = { settings: saved, overrides: settings.overrides(), notice: settings.notice() };
  try {
    const { cost, plan } = await host.apply(saved);
    if (loads) await host.ensureLoaded();
    return { ...state, cost, gpuLayers: plan.gpuLayers, problem: null };
  } catch (error) {
    // A newer change has taken over; it will report the result.
    const problem = errorCodeOf(error) === "CANCELLED" ? null : errorAnswer(error).body;
    return { ...state, cost: null, gpuLayers: null, problem };
  }
}
