import type { TrashedModel } from "@/lib/schema/models/local-model";
import type { LibraryChanges } from "@/lib/server/models/library/library-changes";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { ModelHashes } from "@/lib/server/models/verify/model-hashes";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { RequestError } from "@/lib/server/system/request-error";
import type { ModelHost } from "./model-host";

interface ChangeServices {
  readonly library: Pick<LibraryChanges, "rename" | "moveToTrash">;
  readonly models: Pick<ModelFiles, "resolveOwn">;
  readonly settings: Pick<SettingsStore, "followRename">;
  readonly hashes: Pick<ModelHashes, "followRename">;
  readonly host: Pick<ModelHost, "snapshot" | "unload">;
}

/**
 * Renames a model, and everything that is kept under its name.
 *
 * @returns its new name
 */
export async function renameModelFile(services: ChangeServices, name: string, fileName: string): Promise<string> {
  await services.models.resolveOwn(name);
  await release(services, name);
  const renamed = await services.library.rename(name, fileName);
  if (renamed !== name) {
    await services.settings.followRename(name, renamed);
    services.hashes.followRename(name, renamed);
  }
  return renamed;
}

export async function trashModelFile(services: ChangeServices, name: string): Promise<TrashedModel> {
  await services.models.resolveOwn(name);
  await release(services, name);
  return services.library.moveToTrash(name);
}

/**
 * Unloads the model if it is the loaded one: Windows moves no file that is open, and the engine would go on under the old name.
 *
 * @throws RequestError BUSY while it answers or loads
 */
async function release({ host }: ChangeServices, name: string): Promise<void> {
  const { modelName, state, config } = host.snapshot();
  if (modelName !== name) return;
  if (state === "generating" || state === "loading")
    throw new RequestError(
      "BUSY",
      `${name} is ${state === "generating" ? "answering" : "being loaded"}: wait until it is done, or stop it.`,
    );
  if (config !== null) await host.unload();
}
