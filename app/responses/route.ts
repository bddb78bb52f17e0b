import { responsesAsLlama } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { serveResponses } from "@/lib/server/http/dialects/serve-responses";

export const POST = route(responsesAsLlama, serveResponses);
