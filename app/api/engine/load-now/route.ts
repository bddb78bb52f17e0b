import { loadNow } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(loadNow, ({ services: { engine } }) => {
  engine.loadNow();
  return { engine: engine.snapshot() };
});
