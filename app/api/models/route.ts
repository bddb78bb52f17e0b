import { listModels } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";
import { listLibrary } from "@/lib/server/planning/list-library";

export const GET = route(listModels, async ({ services }) => ({ models: await listLibrary(services) }));
