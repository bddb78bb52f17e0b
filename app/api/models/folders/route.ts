import { addModelFolder, removeModelFolder } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";

export const POST = route(addModelFolder, async ({ body, services: { folders } }) => {
  await folders.add(body.path);
  return folders.list();
});

export const DELETE = route(removeModelFolder, ({ body, services: { folders } }) => {
  folders.remove(body.path);
  return folders.list();
});
