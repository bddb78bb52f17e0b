import { basename } from "node:path";
import { splitPartNames } from "@/lib/gguf/header/split-name";
import type { ModelDetails, ModelLayers } from "@/lib/schema/models/model-details";
import type { Settings } from "@/lib/schema/settings/settings";
import { ModelFileError } from "@/lib/server/models/library/model-file-error";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { ModelHeaders } from "@/lib/server/models/library/model-headers";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer } from "@/lib/server/system/error-table";
import { findInLibrary, type LibraryServices } from "./list-library";

interface DetailsServices extends LibraryServices {
  readonly models: Pick<ModelFiles, "listModels" | "resolveModel">;
  readonly headers: Pick<ModelHeaders, "read">;
  readonly settings: Pick<SettingsStore, "readFor" | "overrides">;
}

/**
 * What is known of one file of the library. A header that cannot be read is told with the reason.
 *
 * @throws ModelFileError MODEL_NOT_FOUND for a name that is not in the library
 */
export async function modelDetails(services: DetailsServices, name: string): Promise<ModelDetails> {
  const { models, headers, settings } = services;
  const model = await findInLibrary(services, name);
  if (model === null)
    throw new ModelFileError(
      "MODEL_NOT_FOUND",
      `There is no model ${name} in the library: it was renamed, moved or deleted.`,
    );
  const path = model.origin?.path ?? (await models.resolveModel(name));
  const names = splitPartNames(basename(path));
  const header = await headers.read(path).then(
    read => ({ header: read.summary, headerProblem: null, chatTemplate: read.chatTemplate }),
    error => ({ header: null, headerProblem: errorAnswer(error).body, chatTemplate: null }),
  );
  return {
    model,
    path,
    fileNames: names[0] === basename(path) ? [...names] : [basename(path)],
    ...header,
    ownSettings: settings.overrides(name),
  };
}

/**
 * Where each layer would go on the present card, from what is known without a dry run, as the library plans it.
 *
 * @throws ModelFileError, GgufFormatError for a file that cannot be planned
 */
export async function modelLayers(
  { planner, settings, gpu }: LibraryServices,
  name: string,
  choices: { readonly [Key in "N_CTX" | "KV_CACHE_QUANT"]?: Settings[Key] | undefined },
): Promise<ModelLayers> {
  const report = await gpu.read();
  const own = settings.readFor(name);
  const { N_CTX = own.N_CTX, KV_CACHE_QUANT = own.KV_CACHE_QUANT } = choices;
  const { plan } = await planner.knownPlanFor({ ...own, N_CTX, KV_CACHE_QUANT }, report);
  return {
    contextTokens: plan.contextTokens,
    kvType: plan.kvType,
    hasGpu: report.memory !== null,
    gpuLayers: plan.gpuLayers,
    totalLayers: plan.totalLayers,
    predicted: plan.predicted,
    ram: plan.ram,
    perLayer: [...plan.perLayer],
  };
}
