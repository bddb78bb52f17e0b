import { RequestError } from "@/lib/server/web/request-error";
import { route } from "@/lib/server/web/route-handler";

export const POST = route({
  errors: "openai",
  handle: () => {
    throw new RequestError("NOT_FOUND", "This version of Headroom makes no embeddings.");
  },
});
