import {
  cancelVerification,
  chooseDefaultModel,
  readModelDetails,
  readModelLayers,
  readVerification,
  searchHeader,
  startVerification,
} from "@/lib/schema/api/model-details";
import { modelDetails, modelLayers } from "@/lib/server/planning/model-details";
import { route } from "../route";

export const modelDetailsRoutes = [
  route(readModelDetails, ({ query, services }) => modelDetails(services, query.name)),
  route(searchHeader, async ({ query: { name, words, from }, services: { models, headers } }) =>
    headers.search(await models.resolveModel(name), words, from),
  ),
  route(readModelLayers, ({ query: { name, ...choices }, services }) => modelLayers(services, name, choices)),
  route(readVerification, ({ query, services }) => services.verifier.read(query.name)),
  route(startVerification, ({ body, services }) => services.verifier.start(body.name)),
  route(cancelVerification, ({ body, services }) => services.verifier.cancel(body.name)),
  route(chooseDefaultModel, async ({ body: { name }, services: { models, settings } }) => {
    await models.readChatProfile(await models.resolveModel(name));
    await settings.patch({ MODEL: name });
    return { name };
  }),
];
