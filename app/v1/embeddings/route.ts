import { embeddings } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { RequestError } from "@/lib/server/system/request-error";

export const POST = route(embeddings, () => {
  throw new RequestError("NOT_FOUND", "This version of Headroom makes no embeddings.");
});
