import type { Services } from "@/lib/server/compose/services";
import { routeOver } from "@/lib/server/http/route";

/** Binds an endpoint of lib/schema/api to its work with this server's services. */
export const route = routeOver<Services>();
