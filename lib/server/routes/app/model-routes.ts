import {
  addModelFile,
  addModelFolder,
  emptyTrash,
  findRepositories,
  listDraftModels,
  listModels,
  listProgramModels,
  listTrash,
  readPicks,
  readRepositoryFit,
  removeModelFile,
  removeModelFolder,
  renameModel,
  restoreModel,
  takeProgramModel,
  trashModel,
} from "@/lib/schema/api/models";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import { fitStream } from "@/lib/server/http/fit-stream";
import { renameModelFile, trashModelFile } from "@/lib/server/loading/change-model-file";
import { addByPath } from "@/lib/server/models/library/add-by-path";
import { fittingDrafts } from "@/lib/server/models/library/find-draft-model";
import { answerPicks } from "@/lib/server/planning/answer-picks";
import { listLibrary } from "@/lib/server/planning/list-library";
import { route } from "../route";

/** A page shows what is known after this long, and asks again for the rest. */
const LISTED_WITHIN_MS = 1000;

export const modelRoutes = [
  route(listModels, async ({ services }) => {
    const [models, folders] = await Promise.all([listLibrary(services, LISTED_WITHIN_MS), services.folders.list()]);
    return { models, folders };
  }),
  route(findRepositories, ({ query, services }) => services.remoteModels.search(query.words, query.sort)),
  route(readRepositoryFit, ({ query, services, signal }) => fitStream(services, query, signal)),
  route(readPicks, ({ query, services }) => answerPicks(services, query)),
  route(listDraftModels, async ({ query, services: { models, remoteModels, settings } }) => {
    const model = query.model ?? settings.read().MODEL;
    const path = isRemoteSource(model) ? await remoteModels.headerPath(model) : await models.resolveModel(model);
    const drafts = [];
    for await (const { name, profile } of fittingDrafts({ path, profile: await models.readProfile(path) }, models))
      drafts.push({ name, fileBytes: profile.fileBytes });
    return { drafts };
  }),
  route(renameModel, async ({ body, services }) => ({
    name: await renameModelFile(services, body.name, body.fileName),
  })),
  route(trashModel, ({ body, services }) => trashModelFile(services, body.name)),
  route(listTrash, async ({ services: { library } }) => ({ models: await library.listTrash() })),
  route(restoreModel, async ({ body, services: { library } }) => ({
    name: await library.restore(body.id),
  })),
  route(emptyTrash, async ({ services: { library } }) => {
    await library.emptyTrash();
    return { models: await library.listTrash() };
  }),
  route(listProgramModels, ({ services }) => services.programModels.list()),
  route(takeProgramModel, async ({ body, services }) => ({
    name: await services.programModels.use(body.program, body.label),
  })),
  route(addModelFile, async ({ body, services }) => ({ name: await addByPath(services, body.path) })),
  route(removeModelFile, ({ body, services }) => {
    services.addedFiles.remove(body.name);
    return { name: body.name };
  }),
  route(addModelFolder, async ({ body, services: { folders } }) => {
    await folders.add(body.path);
    return folders.list();
  }),
  route(removeModelFolder, ({ body, services: { folders } }) => {
    folders.remove(body.path);
    return folders.list();
  }),
];
