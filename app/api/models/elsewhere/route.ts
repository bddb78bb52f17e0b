import { findElsewhere } from "@/lib/schema/api";
import { route } from "@/lib/server/compose/route";

export const GET = route(findElsewhere, ({ query, services }) => services.remoteModels.find(query.address));
