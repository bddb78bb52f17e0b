import { RequestError } from "@/lib/server/system/request-error";
import { route } from "./route";

/** A path of the API that does not exist answers like the others: guarded, and in JSON. */
export const noSuchRoute = (errors: "headroom" | "openai") =>
  route({
    errors,
    handle: ({ request }) => {
      throw new RequestError("NOT_FOUND", `There is no ${request.method} ${new URL(request.url).pathname}.`);
    },
  });
