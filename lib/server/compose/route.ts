import { routesFor } from "@/lib/server/http/route-handler";
import { services } from "./services";

/** Builds an API route over the services of this server. */
export const route = routesFor(services);
