import { testEngine } from "@/lib/schema/api/engines";
import { route } from "@/lib/server/compose/route";

export const POST = route(testEngine, ({ body, signal, services }) => services.otherEngines.test(body, signal));
