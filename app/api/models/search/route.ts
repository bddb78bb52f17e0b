import { searchHub } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";

export const GET = route(searchHub, ({ query, services }) => services.remoteModels.search(query.words, query.sort));
