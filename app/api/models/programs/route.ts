import { listProgramModels, takeProgramModel } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";

export const GET = route(listProgramModels, ({ services }) => services.programModels.list());

export const POST = route(takeProgramModel, async ({ body, services }) => ({
  name: await services.programModels.use(body.program, body.label),
}));
