import { unloadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(unloadModel, async ({ services: { host, engine } }) => {
  await host.unload();
  return { engine: engine.snapshot() };
});
