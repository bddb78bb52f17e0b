import { emptyTrash, listTrash, restoreModel } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";

export const GET = route(listTrash, async ({ services: { library } }) => ({ models: await library.listTrash() }));

export const POST = route(restoreModel, async ({ body, services: { library } }) => ({
  name: await library.restore(body.id),
}));

export const DELETE = route(emptyTrash, async ({ services: { library } }) => {
  await library.emptyTrash();
  return { models: await library.listTrash() };
});
