import { RequestError } from "@/lib/server/system/request-error";
import { route } from "./route";

/** An API path that does not exist answers like the others: guarded, and in JSON. */
export const noSuchRoute = (path: "/api/[...path]" | "/v1/[[...path]]") =>
  route({ method: "GET", path, does: "Says that there is no such route.", errors: ["NOT_FOUND"] }, ({ request }) => {
    throw new RequestError("NOT_FOUND", `There is no ${request.method} ${new URL(request.url).pathname}.`);
  });
