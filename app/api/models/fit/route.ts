import { fitRepository } from "@/lib/schema/api/models";
import { route } from "@/lib/server/compose/route";
import { fitStream } from "@/lib/server/http/fit-stream";

export const GET = route(fitRepository, ({ query, services, signal }) => fitStream(services, query, signal));
