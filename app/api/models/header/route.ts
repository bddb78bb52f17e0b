import { searchHeader } from "@/lib/schema/api/model-details";
import { route } from "@/lib/server/compose/route";

export const GET = route(searchHeader, async ({ query: { name, words, from }, services: { models, headers } }) =>
  headers.search(await models.resolveModel(name), words, from),
);
