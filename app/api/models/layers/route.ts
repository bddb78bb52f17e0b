import { readModelLayers } from "@/lib/schema/api/model-details";
import { route } from "@/lib/server/compose/route";
import { modelLayers } from "@/lib/server/planning/model-details";

export const GET = route(readModelLayers, ({ query: { name, ...choices }, services }) =>
  modelLayers(services, name, choices),
);
