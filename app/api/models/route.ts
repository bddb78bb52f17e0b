import { listModels, renameModel, trashModel } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";
import { renameModelFile, trashModelFile } from "@/lib/server/loading/change-model-file";
import { listLibrary } from "@/lib/server/planning/list-library";

export const GET = route(listModels, async ({ services }) => {
  const [models, folders] = await Promise.all([listLibrary(services), services.folders.list()]);
  return { models, folders };
});

export const PATCH = route(renameModel, async ({ body, services }) => ({
  name: await renameModelFile(services, body.name, body.fileName),
}));

export const DELETE = route(trashModel, ({ body, services }) => trashModelFile(services, body.name));
