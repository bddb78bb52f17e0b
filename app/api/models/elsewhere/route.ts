import { findElsewhere } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";

export const GET = route(findElsewhere, ({ query, services }) => services.remoteModels.find(query.address));
