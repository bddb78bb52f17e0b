import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { SettingsPatch } from "@/lib/schema/settings/settings";
import type { AppliedSettings, SettingsScope } from "@/lib/schema/settings/settings-answer";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { MemoryGuard } from "@/lib/server/planning/memory-guard";
import type { Planner } from "@/lib/server/planning/planner";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { sameLoad, withLoadOf } from "./load-settings";
import type { ModelHost } from "./model-host";

interface ApplyServices {
  readonly settings: SettingsStore;
  readonly models: Pick<ModelFiles, "identify" | "resolveModel">;
  readonly host: Pick<ModelHost, "apply" | "ensureLoaded"> & { snapshot(): Pick<EngineSnapshot, "config" | "other"> };
  readonly planner: Pick<Planner, "ensureMemoryFor">;
  readonly memoryGuard: Pick<MemoryGuard, "mean">;
}

/**
 * Saves a change and applies it.
 *
 * @param loads whether the model is loaded also if none is loaded now
 * @param isMeant whether it is loaded although system memory does not hold it
 * @throws ModelFileError for a model that is not in the library, ShortMemoryError for one that memory does not hold: then nothing was saved
 */
export async function saveAndApplySettings(
  services: ApplyServices,
  patch: SettingsPatch,
  scope: SettingsScope,
  { loads = false, isMeant = false }: { readonly loads?: boolean; readonly isMeant?: boolean } = {},
): Promise<AppliedSettings> {
  const { settings, models, host, memoryGuard } = services;
  for (const name of [patch.MODEL, patch.DRAFT_MODEL])
    if (name !== undefined && name !== "" && name !== "auto") await models.identify(await models.resolveModel(name));
  if (!isMeant) await refuseShortMemory(services, patch);
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

/** Checks only a change that replaces a loaded model: one that loads nothing needs no memory. */
async function refuseShortMemory({ settings, host, planner }: ApplyServices, patch: SettingsPatch): Promise<void> {
  const present = settings.read();
  const MODEL = patch.MODEL ?? present.MODEL;
  const next = { ...withLoadOf(settings.readFor(MODEL), patch), MODEL };
  const { config, other } = host.snapshot();
  // Another program's memory is not ours to count: its own plan is checked when it has ended.
  if (config !== null && other === undefined && !sameLoad(present, next)) await planner.ensureMemoryFor(next);
}
