import { searchChats } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";

const MAX_HITS = 50;

export const GET = route(searchChats, ({ query, services: { chats } }) => ({ hits: chats.search(query.q, MAX_HITS) }));
