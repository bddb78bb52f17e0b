import { chooseDefaultModel } from "@/lib/schema/api/model-details";
import { route } from "@/lib/server/compose/route";

export const POST = route(chooseDefaultModel, async ({ body: { name }, services: { models, settings } }) => {
  await models.readChatProfile(await models.resolveModel(name));
  await settings.patch({ MODEL: name });
  return { name };
});
