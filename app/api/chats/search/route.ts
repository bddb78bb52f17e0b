import * as z from "zod";
import { route } from "@/lib/server/compose/route";

const MAX_HITS = 50;

export const GET = route({
  query: z.strictObject({ q: z.string().trim().min(1).max(200) }),
  handle: ({ query, services: { chats } }) => ({ hits: chats.search(query.q, MAX_HITS) }),
});
