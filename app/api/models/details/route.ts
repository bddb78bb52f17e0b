import { readModelDetails } from "@/lib/schema/api/model-details";
import { route } from "@/lib/server/compose/route";
import { modelDetails } from "@/lib/server/planning/model-details";

export const GET = route(readModelDetails, ({ query, services }) => modelDetails(services, query.name));
