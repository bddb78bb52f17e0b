import { setLlamaServer } from "@/lib/schema/api/engines";
import { route } from "@/lib/server/compose/route";

export const POST = route(setLlamaServer, ({ body, signal, services: { otherEngines } }) => {
  otherEngines.setLlamaServer(body.path);
  return otherEngines.list(signal);
});
