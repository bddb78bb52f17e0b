import { responses } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { serveResponses } from "@/lib/server/http/dialects/serve-responses";

export const POST = route(responses, serveResponses);
