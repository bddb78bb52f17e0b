import { readPicks } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";
import { answerPicks } from "@/lib/server/planning/answer-picks";

export const GET = route(readPicks, ({ query, services }) => answerPicks(services, query));
