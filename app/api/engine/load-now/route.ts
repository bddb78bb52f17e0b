import { loadNow } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(loadNow, ({ services: { engine, host } }) => {
  engine.loadNow();
  return { engine: host.snapshot() };
});
