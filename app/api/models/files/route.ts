import { addModelFile, removeModelFile } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";
import { addByPath } from "@/lib/server/models/library/add-by-path";

export const POST = route(addModelFile, async ({ body, services }) => ({ name: await addByPath(services, body.path) }));

export const DELETE = route(removeModelFile, ({ body, services }) => {
  services.addedFiles.remove(body.name);
  return { name: body.name };
});
